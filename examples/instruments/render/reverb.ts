/**
 * A small mono room in the manner of Freeverb: parallel damped comb filters into all-pass filters
 * in series (Schroeder 1962; delays from https://ccrma.stanford.edu/~jos/pasp/Freeverb.html,
 * brought to 16 kHz).
 */

const COMB_DELAYS = [405, 431, 463, 491, 516, 541, 565, 587];
const ALLPASS_DELAYS = [202, 160, 124, 82];
const ALLPASS_GAIN = 0.5;

export interface Room {
  /** 0.5 a small, 1.5 a large room: stretches the delays. */
  readonly size: number;
  /** Time until the reverberation has fallen by 60 dB. */
  readonly decaySeconds: number;
  /** 0 bright … 1 dull. */
  readonly damping: number;
  /** Level of the reverberation beside the dry sound, as a factor. */
  readonly wet: number;
}

/** Adds the room's reverberation to the signal, in place. */
export function addReverb(samples: Float32Array, room: Room, sampleRate: number): void {
  const wet = new Float32Array(samples.length);
  for (const delay of COMB_DELAYS)
    addComb(samples, wet, Math.round(delay * room.size), room, sampleRate);
  for (const delay of ALLPASS_DELAYS) allPass(wet, Math.round(delay * room.size));
  const level = room.wet / COMB_DELAYS.length;
  for (let i = 0; i < samples.length; i += 1) samples[i] = samples[i]! + level * wet[i]!;
}

function addComb(
  input: Float32Array,
  output: Float32Array,
  delay: number,
  room: Room,
  sampleRate: number,
): void {
  const feedback = 10 ** ((-3 * delay) / (sampleRate * room.decaySeconds));
  const line = new Float32Array(delay);
  let damped = 0;
  for (let i = 0, at = 0; i < input.length; i += 1, at = at + 1 === delay ? 0 : at + 1) {
    const delayed = line[at]!;
    damped = delayed * (1 - room.damping) + damped * room.damping;
    line[at] = input[i]! + damped * feedback;
    output[i] = output[i]! + delayed;
  }
}

function allPass(samples: Float32Array, delay: number): void {
  const line = new Float32Array(delay);
  for (let i = 0, at = 0; i < samples.length; i += 1, at = at + 1 === delay ? 0 : at + 1) {
    const delayed = line[at]!;
    const input = samples[i]!;
    line[at] = input + delayed * ALLPASS_GAIN;
    samples[i] = delayed - input * ALLPASS_GAIN;
  }
}
