import { sampleRate } from './mono16k';

const HEADER_BYTES = 44;
const UNKNOWN_BYTES = 0xffffffff;

export interface WavFormat {
  /** Of the samples: 1 = PCM, 3 = floats. */
  tag: number;
  /** Of a sample. */
  bits: number;
  rate: number;
  channels: number;
}

/**
 * A canonical RIFF/WAVE file of 16 bits, by default mono at 16 kHz.
 * @param samples of all channels, frame by frame
 */
export function encodeWav(samples: Int16Array, { rate = sampleRate, channels = 1 } = {}): Buffer {
  const file = Buffer.alloc(wavBytes(samples.length));
  wavHeader({ tag: 1, bits: 16, rate, channels }, 2 * samples.length).copy(file);
  for (let i = 0; i < samples.length; i += 1) file.writeInt16LE(samples[i]!, HEADER_BYTES + 2 * i);
  return file;
}

/**
 * What stands before the samples.
 * @param dataBytes null = not known
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 */
export function wavHeader(
  { tag, bits, rate, channels }: WavFormat,
  dataBytes: number | null,
): Buffer {
  const frameBytes = (channels * bits) / 8;
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(dataBytes === null ? UNKNOWN_BYTES : HEADER_BYTES - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(tag, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * frameBytes, 28);
  header.writeUInt16LE(frameBytes, 32);
  header.writeUInt16LE(bits, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes ?? UNKNOWN_BYTES, 40);
  return header;
}

export function wavBytes(samples: number): number {
  return HEADER_BYTES + 2 * samples;
}
