import { highPass, highShelf, lowPass, peaking } from './biquad';
import { SAMPLE_RATE } from './clip-format';
import type { Draws } from './draws';
import { fromDecibels, loudestRms } from './loudness';
import { addReverb } from './reverb';

/**
 * Effects of a microphone, a room and a cheap amplifier on a recording. Only training clips get
 * them: the evaluation bank is another set of recordings, and a tagger trained on one dry bank
 * learns that bank. All work in place.
 */

/**
 * Colours one instrument before it is mixed with others. @param variety 0–1: how likely, and how
 * far
 */
export function colourPart(samples: Float32Array, draws: Draws, variety: number): void {
  const mostDecibels = 12 * variety;
  if (draws.chance(0.7))
    highShelf(samples, draws.logUniform(400, 4_000), draws.uniform(-mostDecibels, mostDecibels));
  for (let bands = draws.integer(0, 3); bands > 0; bands -= 1) {
    peaking(
      samples,
      draws.logUniform(100, 6_000),
      draws.logUniform(0.5, 3),
      draws.uniform(-mostDecibels, mostDecibels),
    );
  }
}

/** Puts the whole clip into a room and through an amplifier. @param variety 0–1: how likely */
export function colourMix(samples: Float32Array, draws: Draws, variety: number): void {
  if (draws.chance(0.6 * variety)) {
    const decaySeconds = draws.logUniform(0.2, 2.5);
    addReverb(
      samples,
      {
        size: draws.uniform(0.6, 1.6),
        decaySeconds,
        damping: draws.uniform(0, 0.6),
        wet: draws.logUniform(0.1, 1),
      },
      SAMPLE_RATE,
    );
  }
  if (draws.chance(0.3 * variety)) saturate(samples, draws.logUniform(0.5, 4));
  if (draws.chance(0.3 * variety)) lowPass(samples, draws.logUniform(2_500, 7_500));
  if (draws.chance(0.3 * variety)) highPass(samples, draws.logUniform(30, 250));
  if (draws.chance(0.6 * variety)) addNoise(samples, draws, draws.uniform(15, 50));
}

/** @param drive how far into the bend the loudest part goes: 0.5 is warm, 4 distorted */
function saturate(samples: Float32Array, drive: number): void {
  const level = loudestRms(samples);
  if (level === 0) return;
  for (let i = 0; i < samples.length; i += 1)
    samples[i] = (Math.tanh((samples[i]! / level) * drive) * level) / drive;
}

/**
 * Hiss or rumble: white noise through a one-pole low-pass, `decibels` below the loudest part of the
 * clip.
 */
function addNoise(samples: Float32Array, draws: Draws, decibels: number): void {
  const smoothing = draws.pick([0, 0.5, 0.9, 0.98]);
  const noise = new Float32Array(samples.length);
  let last = 0;
  for (let i = 0; i < noise.length; i += 1) {
    last = smoothing * last + draws.uniform(-1, 1);
    noise[i] = last;
  }
  const gain = (loudestRms(samples) * fromDecibels(-decibels)) / loudestRms(noise);
  for (let i = 0; i < samples.length; i += 1) samples[i] = samples[i]! + gain * noise[i]!;
}
