import { sampleRate } from './mono16k';

const HEADER_BYTES = 44;

/**
 * A canonical RIFF/WAVE file: mono, 16 bit, 16 kHz.
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 */
export function encodeWav(samples: Int16Array): Buffer {
  const file = Buffer.alloc(wavBytes(samples.length));
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(2 * sampleRate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  for (let i = 0; i < samples.length; i += 1) file.writeInt16LE(samples[i]!, HEADER_BYTES + 2 * i);
  return file;
}

export function wavBytes(samples: number): number {
  return HEADER_BYTES + 2 * samples;
}
