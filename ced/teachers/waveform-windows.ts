/**
 * The parts of a clip that a network of others is given: the whole clip, or windows of one length,
 * of which the last ends with the clip; what is shorter is padded, or not given at all.
 */
import { sampleRate as usualRate } from '../audio/mono16k';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformLayout } from './waveform-layout';

/** As a run file declares it, or an earlier look at the network found it. */
export interface WaveformWindows {
  /** Hz. @default 16000 */
  readonly sampleRate?: number | undefined;
  /** @default the whole clip, or the length that the network's file states */
  readonly windowSeconds?: number | undefined;
  /** @default windowSeconds */
  readonly hopSeconds?: number | undefined;
  /** What follows a clip shorter than its window; `none`: it is not given. @default 'zeros' */
  readonly pad?: 'zeros' | 'repeat' | 'none' | undefined;
  /** Of a network without windows: shorter clips are padded to it. */
  readonly shortestSeconds?: number | undefined;
}

export interface ClipWindows {
  /** First sample of each. */
  readonly starts: readonly number[];
  /** Samples of the clip in each. */
  readonly samples: number;
  /** Samples that the network is given. */
  readonly length: number;
}

/** Hz. */
export function rateOf({ sampleRate = usualRate }: WaveformWindows): number {
  return sampleRate;
}

/** @throws TeacherInvalid when the network takes another length than its windows have */
export function clipWindows(
  samples: number,
  layout: Pick<WaveformLayout, 'samples'>,
  declared: WaveformWindows,
): ClipWindows {
  const inSamples = (seconds: number): number => Math.round(seconds * rateOf(declared));
  const { windowSeconds, hopSeconds, shortestSeconds = 0 } = declared;
  const asked = windowSeconds === undefined ? null : inSamples(windowSeconds);
  if (asked !== null && layout.samples !== null && asked !== layout.samples)
    throw new TeacherInvalid(
      'outputShape',
      `it takes ${layout.samples} samples, and windowSeconds of ${windowSeconds} are ${asked} ` +
        `at ${rateOf(declared)} Hz`,
    );
  const window = layout.samples ?? asked;
  if (window === null) {
    const length = Math.max(samples, inSamples(shortestSeconds));
    return { starts: [0], samples, length };
  }
  if (samples <= window) return { starts: [0], samples, length: window };
  const hop = hopSeconds === undefined ? window : Math.max(1, inSamples(hopSeconds));
  const last = samples - window;
  const starts = Array.from({ length: Math.floor(last / hop) + 1 }, (_, index) => index * hop);
  return {
    starts: starts.at(-1) === last ? starts : [...starts, last],
    samples: window,
    length: window,
  };
}

/** Fills what follows the first `samples` of `out`, which is zeros. */
export function padWindow(
  out: Float32Array,
  samples: number,
  { pad }: Pick<WaveformWindows, 'pad'>,
): void {
  if (pad !== 'repeat' || samples === 0) return;
  for (let at = samples; at < out.length; at++) out[at] = out[at - samples]!;
}
