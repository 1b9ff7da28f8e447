import type { BankName } from './banks';
import { DRUM_KITS, loadBank } from './banks';
import { CLIP_SAMPLES } from './clip-format';
import { Draws } from './draws';
import { colourMix, colourPart } from './effects';
import { fromDecibels, loudestRms, peak } from './loudness';
import { drawScore } from './score';
import type { Playing } from './synth';
import { PLAIN_PLAYING, playPart } from './synth';

/**
 * One clip of the corpus, a pure function of (seed, split, index) and of the split's banks: score, sound bank, playing, effects and level are
 * drawn from streams of their own.
 */

export interface ClipRecipe {
  readonly seed: number;
  /** Names the random streams. */
  readonly split: string;
  readonly banks: readonly BankName[];
  /** Whether instruments are detuned, coloured, put into rooms and noise; else they sound as the bank has them. */
  readonly varied: boolean;
}

/** The softest an instrument may be beside the loudest of its clip: a label must be audible. */
const QUIETEST_PART_DB = -9;

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
    const samples = playPart(await loadBank(bankName), part, drawPlaying(draws, bankName, recipe.varied));
    if (recipe.varied) colourPart(samples, effects);
    const level = loudestRms(samples);
    if (level === 0) throw new Error(`${bankName} has no sound for ${part.instrument.name} (${recipe.split} clip ${index})`);
    const gain = fromDecibels(draws.uniform(QUIETEST_PART_DB, 0)) / level;
    for (let i = 0; i < mix.length; i += 1) mix[i] = mix[i]! + gain * samples[i]!;
  }
  if (recipe.varied) colourMix(mix, effects);
  return toInt16(mix, draws.uniform(-18, -1));
}

function clipScore(recipe: ClipRecipe, index: number): ReturnType<typeof drawScore> {
  return drawScore(new Draws(recipe.seed, recipe.split, index, 'score'));
}

function drawPlaying(draws: Draws, bank: BankName, varied: boolean): Playing {
  const drumKit = draws.pick(DRUM_KITS[bank]);
  if (!varied) return { ...PLAIN_PLAYING, drumKit };
  return {
    drumKit,
    detuneCents: draws.uniform(-50, 50),
    tapeSemitones: draws.integer(-3, 3),
    brightness: draws.integer(44, 84),
    attack: draws.integer(54, 74),
    release: draws.integer(50, 84),
    modulation: draws.chance(0.4) ? draws.integer(0, 80) : 0,
  };
}

function toInt16(samples: Float32Array, peakDecibels: number): Int16Array {
  const scale = (32_767 * fromDecibels(peakDecibels)) / peak(samples);
  const out = new Int16Array(samples.length);
  for (let i = 0; i < out.length; i += 1) out[i] = Math.round(samples[i]! * scale);
  return out;
}
