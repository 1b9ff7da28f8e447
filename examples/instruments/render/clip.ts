import type { BankName } from './banks';
import { DRUM_KITS, loadBank } from './banks';
import { CLIP_SAMPLES } from './clip-format';
import { Draws } from './draws';
import { colourMix, colourPart } from './effects';
import { fromDecibels, loudestRms, peak } from './loudness';
import { drawScore } from './score';
import type { Playing } from './synth';
import { playPart } from './synth';

/**
 * One clip of the corpus, a pure function of (seed, split, index) and of the split's banks: score,
 * sound bank, playing, effects and level are drawn from streams of their own.
 */

export interface ClipRecipe {
  readonly seed: number;
  /** Names the random streams. */
  readonly split: string;
  readonly banks: readonly BankName[];
  /**
   * How far instruments are detuned, coloured, put into rooms and noise: 0 = as in the bank, 1 =
   * most different from clip to clip.
   */
  readonly variety: number;
}

/** Level of the softest instrument relative to the loudest of its clip: labels must be audible. */
const QUIETEST_PART_DB = -6;

/** Class names of a clip, without rendering it. */
export function clipLabels(recipe: ClipRecipe, index: number): string[] {
  return clipScore(recipe, index).map((part) => part.instrument.name);
}

/** @returns `CLIP_SAMPLES` samples at 16 kHz */
export async function renderClip(recipe: ClipRecipe, index: number): Promise<Int16Array> {
  const draws = new Draws(recipe.seed, recipe.split, index, 'playing');
  const effects = new Draws(recipe.seed, recipe.split, index, 'effects');
  const mix = new Float32Array(CLIP_SAMPLES);
  for (const part of clipScore(recipe, index)) {
    const bankName = draws.pick(recipe.banks);
    const samples = playPart(
      await loadBank(bankName),
      part,
      drawPlaying(draws, bankName, recipe.variety),
    );
    if (recipe.variety > 0) colourPart(samples, effects, recipe.variety);
    const level = loudestRms(samples);
    if (level === 0)
      throw new Error(
        `${bankName} has no sound for ${part.instrument.name} (${recipe.split} clip ${index})`,
      );
    const gain = fromDecibels(draws.uniform(QUIETEST_PART_DB, 0)) / level;
    for (let i = 0; i < mix.length; i += 1) mix[i] = mix[i]! + gain * samples[i]!;
  }
  if (recipe.variety > 0) colourMix(mix, effects, recipe.variety);
  return toInt16(mix, draws.uniform(-18, -1));
}

function clipScore(recipe: ClipRecipe, index: number): ReturnType<typeof drawScore> {
  return drawScore(new Draws(recipe.seed, recipe.split, index, 'score'));
}

function drawPlaying(draws: Draws, bank: BankName, variety: number): Playing {
  const drumKit = draws.pick(DRUM_KITS[bank]);
  const around = (middle: number, most: number): number =>
    Math.round(middle + variety * draws.uniform(-most, most));
  return {
    drumKit,
    detuneCents: variety * draws.uniform(-50, 50),
    brightness: around(64, 30),
    attack: around(64, 16),
    release: around(64, 24),
    modulation: draws.chance(0.5 * variety) ? draws.integer(0, 80) : 0,
  };
}

function toInt16(samples: Float32Array, peakDecibels: number): Int16Array {
  const scale = (32_767 * fromDecibels(peakDecibels)) / peak(samples);
  const out = new Int16Array(samples.length);
  for (let i = 0; i < out.length; i += 1) out[i] = Math.round(samples[i]! * scale);
  return out;
}
