import { sampleRate } from '../../../ced/audio/mono16k';
import { Draws } from '../../instruments/render/draws';
import { fromDecibels, loudestRms, peak } from '../../instruments/render/loudness';
import type { Recording } from './recordings';

/**
 * A clip: one to three classes, each in one place of 4 s and at a level of its own, over a softer
 * ambience. A pure function of (split, index, recordings of the split).
 */

export const SCENE_SAMPLES = 4 * sampleRate;

const SHORT_SECONDS = 1;
/** Of the loudest sound of a clip, as root mean square of its loudest tenth of a second. */
const LEVEL_DECIBELS = -18;

export interface Scene {
  /** Numbers of the classes, ascending. */
  readonly classes: readonly number[];
  readonly samples: Int16Array;
}

/** @param recordings of each class, none of them empty */
export function scene(
  split: string,
  index: number,
  recordings: readonly (readonly Recording[])[],
  ambience: readonly Recording[],
): Scene {
  const draws = new Draws('game-sounds', split, index);
  const numbers = recordings.map((_, number) => number);
  const classes = draws.pickSeveral(numbers, draws.pick([1, 1, 2, 2, 3])).sort((a, b) => a - b);
  const mix = new Float32Array(SCENE_SAMPLES);
  if (ambience.length > 0 && draws.chance(0.7))
    add(mix, cut(draws, draws.pick(ambience).samples), 0, draws.uniform(-30, -15));
  for (const number of classes) {
    const sound = passage(draws, recordings[number]!);
    const start = draws.integer(0, SCENE_SAMPLES - sound.length);
    add(mix, sound, start, draws.uniform(-10, 0));
  }
  const gain = Math.min(fromDecibels(LEVEL_DECIBELS), 0.95 / peak(mix));
  return { classes, samples: Int16Array.from(mix, (value) => Math.round(value * gain * 32_767)) };
}

/** One recording, or one to four short ones of the class after each other. */
function passage(draws: Draws, recordings: readonly Recording[]): Float32Array {
  const first = draws.pick(recordings).samples;
  if (first.length >= SHORT_SECONDS * sampleRate) return cut(draws, first);
  const passage = new Float32Array(SCENE_SAMPLES);
  let end = 0;
  for (let [takes, next] = [draws.integer(1, 4), first]; takes > 0; takes -= 1) {
    const start = end === 0 ? 0 : end + Math.round(draws.uniform(0.05, 0.5) * sampleRate);
    const sound = next.subarray(0, SHORT_SECONDS * sampleRate);
    if (start + sound.length > SCENE_SAMPLES) break;
    passage.set(sound, start);
    end = start + sound.length;
    next = draws.pick(recordings).samples;
  }
  return passage.subarray(0, end);
}

/** Of a longer recording four seconds that are not silent. */
function cut(draws: Draws, samples: Float32Array): Float32Array {
  if (samples.length <= SCENE_SAMPLES) return samples;
  let best = samples.subarray(0, SCENE_SAMPLES);
  let loudest = 0;
  for (let tries = 8; tries > 0 && loudest < 0.5; tries -= 1) {
    const start = draws.integer(0, samples.length - SCENE_SAMPLES);
    const part = samples.subarray(start, start + SCENE_SAMPLES);
    const level = loudestRms(part);
    if (level > loudest) [best, loudest] = [part, level];
  }
  return best;
}

function add(mix: Float32Array, sound: Float32Array, start: number, decibels: number): void {
  const gain = fromDecibels(decibels);
  sound.forEach((value, at) => (mix[start + at]! += gain * value));
}
