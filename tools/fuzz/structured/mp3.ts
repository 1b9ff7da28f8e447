/**
 * MP3 files that lie: fields of tags, of frame headers and of the LAME tag. Frames carry no sum of
 * their content and name no length, so a stream whose frames changed is another stream.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digests, samplesOf } from './ogg';
import { readAudio } from './audio-reading';
import type { StructuredFormat } from './forgery';
import { withLies, type Field, type Layout, type Part } from './layout';

/** kbit/s of layer III, and Hz, by MPEG version. */
const BIT_RATES = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const RATES = { 1: [44_100, 48_000, 32_000], 2: [22_050, 24_000, 16_000] } as const;

export async function mp3Format(root: string): Promise<StructuredFormat> {
  const originals = await Promise.all(
    ['stereo.mp3', 'mono16.mp3'].map(async (name) => {
      const bytes = readFileSync(join(root, 'test/ced/audio/encoded', name));
      const { sampleRate, channels } = await samplesOf(bytes);
      const readings = await digests({ sampleRate, channels }, sampleRate, [Infinity]);
      return { layout: layoutOf(bytes), readings };
    }),
  );
  const good = originals[0]!;
  return {
    good: { bytes: good.layout.bytes, lies: [], readings: good.readings },
    forge: async (draws) => {
      const { layout, readings } = draws.pick(originals);
      const { bytes, fields, isRearranged, told } = withLies(layout, draws);
      const isTag = [...fields].every((name) => name.startsWith('ID3'));
      return await Promise.resolve({
        bytes,
        lies: told,
        readings: isTag && !isRearranged ? readings : null,
      });
    },
    read: readAudio,
  };
}

function layoutOf(bytes: Buffer): Layout {
  const fields: Field[] = [
    { name: 'ID3.version', at: 3, bytes: 2 },
    { name: 'ID3.flags', at: 5, bytes: 1 },
    { name: 'ID3.size', at: 6, bytes: 4, bigEndian: true },
    { name: 'ID3.frame.size', at: 14, bytes: 4, bigEndian: true },
  ];
  const parts: Part[] = [];
  let at = 10 + bytes.readUInt32BE(6);
  parts.push({ name: 'ID3', from: 0, to: at });
  const info = bytes.indexOf('Info');
  for (const [name, offset, width] of [
    ['magic', 0, 4],
    ['flags', 4, 4],
    ['frames', 8, 4],
    ['bytes', 12, 4],
    ['delays', 141, 3],
  ] as const)
    fields.push({ name: `Info.${name}`, at: info + offset, bytes: width, bigEndian: true });
  for (let frame = 0; at + 4 <= bytes.length; frame++) {
    const length = frameBytes(bytes.readUInt32BE(at));
    for (const [name, shift, bits] of [
      ['sync', 21, 11],
      ['version', 19, 2],
      ['layer', 17, 2],
      ['unprotected', 16, 1],
      ['bitRate', 12, 4],
      ['rate', 10, 2],
      ['padding', 9, 1],
      ['mode', 6, 2],
      ['extension', 4, 2],
    ] as const)
      fields.push({ name: `frame ${frame}.${name}`, at, bytes: 4, bigEndian: true, shift, bits });
    fields.push({ name: `frame ${frame}.mainData`, at: at + 4, bytes: 2, bigEndian: true });
    parts.push({ name: `frame ${frame}`, from: at, to: at + length });
    at += length;
  }
  return { bytes, fields, parts };
}

function frameBytes(header: number): number {
  const version = ((header >>> 19) & 3) === 3 ? 1 : 2;
  const bitRate = BIT_RATES[version][(header >>> 12) & 15] ?? 0;
  const rate = RATES[version][(header >>> 10) & 3] ?? 1;
  const padding = (header >>> 9) & 1;
  return Math.floor(((version === 1 ? 144 : 72) * 1000 * bitRate) / rate) + padding;
}
