// Audio as the model takes it: mono, at its rate, in 16 bits, in windows.

/** Decodes a file. @returns {Promise<Float32Array>} mono samples at `rate` */
export async function decodeFile(bytes, rate) {
  const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, at) =>
    decoded.getChannelData(at),
  );
  return quantised(mixed(channels));
}

/** The mean of the channels. */
export function mixed(channels) {
  const [first, ...others] = channels;
  if (others.length === 0) return first;
  return first.map(
    (sample, at) => others.reduce((sum, each) => sum + each[at], sample) / channels.length,
  );
}

/** By the browser's own converter. */
export async function resampled(samples, from, to) {
  if (from === to) return quantised(samples);
  const context = new OfflineAudioContext(1, Math.round((samples.length * to) / from), to);
  const buffer = new AudioBuffer({ length: samples.length, sampleRate: from });
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  return quantised((await context.startRendering()).getChannelData(0));
}

/**
 * Rounded to 16 bits, as all audio that models are trained on: below the loudest sound the noise of
 * this rounding is what a spectrogram shows.
 */
export function quantised(samples) {
  return samples.map((sample) => level(sample) / 32768);
}

function level(sample) {
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
}

/**
 * Windows end to end, the last one shorter; where it is too short for the model it starts earlier.
 * @returns {{ start: number, end: number }[]} in samples; none where all is too short
 */
export function windowsOf(samples, length, shortest) {
  if (samples < shortest) return [];
  const windows = [];
  for (let start = 0; start < samples; start += length)
    windows.push({ start, end: Math.min(start + length, samples) });
  const last = windows.at(-1);
  if (last.end - last.start < shortest) last.start = samples - shortest;
  return windows;
}

/** The latest samples, at most `length` of them. */
export class Recent {
  constructor(length) {
    this.length = length;
    this.samples = new Float32Array(0);
  }

  add(block) {
    const together = new Float32Array(this.samples.length + block.length);
    together.set(this.samples);
    together.set(block, this.samples.length);
    this.samples = together.slice(-this.length);
  }
}

/** 16-bit WAV of mono samples. @returns {Uint8Array} */
export function wavOf(samples, rate) {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const text = (at, word) => bytes.set(new TextEncoder().encode(word), at);
  text(0, 'RIFF');
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, at) => view.setInt16(44 + 2 * at, level(sample), true));
  return bytes;
}
