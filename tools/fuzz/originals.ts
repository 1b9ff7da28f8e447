/** Good files to mutate: WAV of every kind, made here; encoded files from the tests' folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const FORMATS = ['wav', 'flac', 'ogg', 'opus', 'mp3'] as const;
export type FuzzedFormat = (typeof FORMATS)[number];

const ENCODED: Record<Exclude<FuzzedFormat, 'wav'>, readonly string[]> = {
  flac: [
    'loud16.flac',
    'loud24.flac',
    'level8.flac',
    'surround8.flac',
    'streamed.flac',
    '../../../reference/clip0.flac',
  ],
  ogg: ['stereo.ogg'],
  opus: ['mono.opus'],
  mp3: ['stereo.mp3', 'mono16.mp3'],
};

/** @param root of the repository */
export function originalsOf(format: FuzzedFormat, root: string): Buffer[] {
  if (format === 'wav') return wavs();
  return ENCODED[format].map((name) => readFileSync(join(root, 'test/ced/audio/encoded', name)));
}

/** 0.3 s of noise each: PCM of every width, floats, extensible, and stereo at 44.1 kHz. */
function wavs(): Buffer[] {
  return [
    wav(1, 8, 1, 8000),
    wav(1, 16, 1, 16_000),
    wav(1, 16, 2, 44_100),
    wav(1, 24, 2, 48_000),
    wav(1, 32, 1, 22_050),
    wav(3, 32, 2, 48_000),
    wav(3, 64, 1, 16_000),
    wav(0xfffe, 16, 2, 44_100),
  ];
}

function wav(tag: number, bits: number, channels: number, sampleRate: number): Buffer {
  const extensible = tag === 0xfffe;
  const frameBytes = (channels * bits) / 8;
  const data = Buffer.alloc(Math.round(0.3 * sampleRate) * frameBytes);
  for (let at = 0; at < data.length; at++) data[at] = Math.imul(at + 1, 2654435761) >>> 24;
  for (let at = 0; tag === 3 && at < data.length; at += bits / 8) {
    if (bits === 32) data.writeFloatLE(Math.sin(at), at);
    else data.writeDoubleLE(Math.sin(at), at);
  }
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(sampleRate, 4);
  format.writeUInt32LE(sampleRate * frameBytes, 8);
  format.writeUInt16LE(frameBytes, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(1, 24);
  }
  return Buffer.concat([
    chunk('RIFF', 4 + 16 + format.length + data.length),
    Buffer.from('WAVE'),
    chunk('fmt ', format.length),
    format,
    chunk('data', data.length),
    data,
  ]);
}

function chunk(id: string, bytes: number): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(bytes, 4);
  return header;
}
