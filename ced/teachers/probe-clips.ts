/**
 * Fixed sounds that every worker teacher predicts at the start of a run: a teacher that answers
 * them otherwise than before, under the same version, has other weights or another front end.
 */
import { encodeNpyInt16 } from '../audio/npy';
import { sampleRate as ourRate } from '../audio/mono16k';
import { positionAtRate } from '../audio/sample-rates';
import { philox, streamKey, uniform } from '../augment/random';
import type { ViewsSettings } from '../logits/views';

/** The third row of five clips is a batch that is not full, whatever the batch size. */
const VIEWS: ViewsSettings = {
  views: 3,
  seed: 0,
  augment: {
    shift: { maxFraction: 0.5, probability: 0.5 },
    timeMask: { maxFrames: 0 },
    freqMask: { maxBins: 0 },
  },
};
const LONGEST_SECONDS = 10;

export interface ProbeClips {
  /** `.npy`, int16: all clips end to end, at the teacher's rate. */
  audio: Uint8Array;
  /** Places at the teacher's rate, chunks at 16 kHz. */
  clips: { sha256: string; chunks: { start: number; length: number }[]; offset: number }[];
  views: ViewsSettings;
}

/** @param longestSeconds that the teacher takes; null = any */
export function probeClips(rate: number, longestSeconds: number | null): ProbeClips {
  const seconds = Math.min(LONGEST_SECONDS, longestSeconds ?? LONGEST_SECONDS);
  const waves: Int16Array[] = [];
  const clips: ProbeClips['clips'] = [];
  let offset = 0;
  for (const [index, sound] of SOUNDS.entries()) {
    // The last is shorter than the others: a batch of two lengths.
    const ours = Math.round((index === SOUNDS.length - 1 ? 0.6 : 1) * seconds * ourRate);
    const samples = positionAtRate(ours, rate);
    waves.push(wave(sound, rate, samples, seconds));
    // Names of the draws, not of content: every rate has the same shifts.
    clips.push({
      sha256: index.toString(16).padStart(64, '0'),
      chunks: [{ start: 0, length: ours }],
      offset,
    });
    offset += samples;
  }
  return { audio: encodeNpyInt16(offset, waves), clips, views: VIEWS };
}

/** The same sounds for networks that are tried: int16 at `rate`, `samples` each. */
export function madeSounds(rate: number, samples: number): Int16Array[] {
  return SOUNDS.map((sound) => wave(sound, rate, samples, samples / rate));
}

function wave(sound: Sound, rate: number, samples: number, seconds: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, at) =>
    Math.round(12_000 * sound(at / rate, seconds, at)),
  );
}

/** @returns −1 … 1 at `t` seconds, of `length` seconds */
type Sound = (t: number, length: number, sample: number) => number;

const noiseKey = streamKey('teacher-probe', 1);

const SOUNDS: readonly Sound[] = [
  /* a tone */ (t) => Math.sin(2 * Math.PI * 440 * t),
  /* a sweep up to 7 kHz */ (t, length) =>
    Math.sin(2 * Math.PI * (100 * t + ((7000 - 100) * t * t) / (2 * length))),
  /* noise */ (_t, _length, sample) => 2 * uniform(philox(noiseKey, [sample, 0, 0, 0])[0]) - 1,
  /* clicks, eight a second */ (t) => ((t * 8) % 1 < 0.01 ? 1 : 0),
  /* a beating chord */ (t) =>
    (Math.sin(2 * Math.PI * 220 * t) + Math.sin(2 * Math.PI * 331 * t)) / 2,
];
