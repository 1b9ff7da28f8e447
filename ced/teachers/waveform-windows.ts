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

/**
 * @throws TeacherInvalid when the network takes another length than its windows have, or a hop
 *   would pass audio over
 */
export function clipWindows(
  samples: number,
  layout: Pick<WaveformLayout, 'samples'>,
  declared: WaveformWindows,
): ClipWindows {
  const window = windowOf(layout, declared);
  const hop = hopOf(window, declared);
  if (window === null) {
    const shortest = inSamples(declared.shortestSeconds ?? 0, declared);
    return { starts: [0], samples, length: Math.max(samples, shortest) };
  }
  if (samples <= window) return { starts: [0], samples, length: window };
  const last = samples - window;
  const starts = Array.from({ length: Math.floor(last / hop) + 1 }, (_, index) => index * hop);
  return {
    starts: starts.at(-1) === last ? starts : [...starts, last],
    samples: window,
    length: window,
  };
}

function inSamples(seconds: number, declared: WaveformWindows): number {
  return Math.round(seconds * rateOf(declared));
}

/** Samples; null = whole clips. */
function windowOf(
  layout: Pick<WaveformLayout, 'samples'>,
  declared: WaveformWindows,
): number | null {
  const { windowSeconds } = declared;
  if (windowSeconds === undefined) return layout.samples;
  const asked = inSamples(windowSeconds, declared);
  if (layout.samples !== null && asked !== layout.samples)
    throw new TeacherInvalid(
      'outputShape',
      `it takes ${layout.samples} samples, and windowSeconds of ${windowSeconds} are ${asked} ` +
        `at ${rateOf(declared)} Hz`,
    );
  return asked;
}

/** Samples, of a network that has windows. */
function hopOf(window: number | null, declared: WaveformWindows): number {
  const { hopSeconds } = declared;
  if (hopSeconds === undefined) return window ?? 0;
  if (window === null)
    throw new TeacherInvalid(
      'outputShape',
      'hopSeconds needs windowSeconds, as it takes clips of any length',
    );
  const hop = Math.max(1, inSamples(hopSeconds, declared));
  if (hop > window)
    throw new TeacherInvalid(
      'outputShape',
      `hopSeconds of ${hopSeconds} would pass over audio between windows of ${window} samples`,
    );
  return hop;
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
