import { sampleRate } from './mono16k';

const HEADER_BYTES = 44;

/**
 * A canonical RIFF/WAVE file of 16 bits, by default mono at 16 kHz.
 * @param samples of all channels, frame by frame
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 */
export function encodeWav(samples: Int16Array, { rate = sampleRate, channels = 1 } = {}): Buffer {
  const file = Buffer.alloc(wavBytes(samples.length));
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * channels * rate, 28);
  file.writeUInt16LE(2 * channels, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  for (let i = 0; i < samples.length; i += 1) file.writeInt16LE(samples[i]!, HEADER_BYTES + 2 * i);
  return file;
}

export function wavBytes(samples: number): number {
  return HEADER_BYTES + 2 * samples;
}
