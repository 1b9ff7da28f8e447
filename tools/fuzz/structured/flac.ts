/**
 * FLAC streams that lie: fields of the stream's header, of its metadata blocks and of every frame,
 * whose sums are usually made again. Frames are verbatim, constant or Rice coded.
 * RFC 9639
 */
import { digestOfSamples, noise, readAudio } from './audio-reading';
import { BitWriter } from './bit-writer';
import type { StructuredFormat } from './forgery';
import { valueAt, withLies, type Layout, type Part } from './layout';

const FRAME = 256;
const FRAMES = 4;

interface Kind {
  sampleRate: number;
  channels: 1 | 2;
  bits: 8 | 16;
  /** Coded in every frame; 0 = see the stream's header. */
  rateCode: number;
  statesLength: boolean;
  isRice?: boolean;
}

const KINDS: readonly Kind[] = [
  { sampleRate: 16_000, channels: 1, bits: 16, rateCode: 0, statesLength: true },
  { sampleRate: 16_000, channels: 1, bits: 16, rateCode: 5, statesLength: true, isRice: true },
  { sampleRate: 16_000, channels: 2, bits: 8, rateCode: 5, statesLength: false },
  { sampleRate: 44_100, channels: 1, bits: 16, rateCode: 9, statesLength: true, isRice: true },
];

const CODING = /\.(assignment|zero|subframe|wasted|warm-up|coding|partition|parameter)$/;

export interface Flac extends Layout {
  kind: Kind;
  /** In [−1, 1). */
  samples: Float32Array[];
}

export function goodFlac(): Flac {
  return written(KINDS[0]!);
}

export async function flacFormat(): Promise<StructuredFormat> {
  const originals = KINDS.map(written);
  const truth = async (
    { samples, kind }: Flac,
    sampleRate = kind.sampleRate,
  ): Promise<string[]> => {
    const digest = await digestOfSamples({ sampleRate, channels: samples });
    return digest === null ? [] : [digest];
  };
  const good = originals[0]!;
  return {
    good: { bytes: good.bytes, lies: [], readings: await truth(good) },
    forge: async (draws) => {
      const original = draws.pick(originals);
      const { bytes, inPlace, fields, isRearranged, told } = withLies(original, draws);
      const readings = await truth(original);
      const rate = original.fields.find(({ name }) => name === 'rate')!;
      // Frames that name no rate have the stream's.
      if (fields.has('rate') && original.kind.rateCode === 0)
        readings.push(...(await truth(original, Number(valueAt(inPlace, rate)))));
      // A stream that states no length may end behind any frame, and begin behind the first.
      if (isRearranged && !original.kind.statesLength)
        for (const [from, to] of [
          [0, 1],
          [0, 2],
          [0, 3],
          [1, FRAMES],
        ] as const) {
          const samples = original.samples.map((all) => all.subarray(from * FRAME, to * FRAME));
          readings.push(...(await truth({ ...original, samples })));
        }
      // Under a sum that is right, these code other samples.
      const isOther = [...fields].some((name) => CODING.test(name));
      return { bytes, lies: told, readings: isOther ? null : readings };
    },
    read: readAudio,
  };
}

function written(kind: Kind): Flac {
  const scale = 2 ** (kind.bits - 1);
  const integers = Array.from({ length: kind.channels }, (_, channel) =>
    Array.from(noise(FRAMES * FRAME, channel), (value) => Math.round(value * (scale - 1))),
  );
  const writer = new BitWriter();
  const parts: Part[] = [];
  const part = (name: string, write: () => void): void => {
    const from = writer.bytes;
    write();
    parts.push({ name, from, to: writer.bytes });
  };
  writer.field('signature', 32, 0x664c6143);
  part('STREAMINFO', () => streamInfo(writer, kind));
  part('PADDING', () => {
    writer.field('PADDING.isLast', 1, 0);
    writer.field('PADDING.type', 7, 1);
    writer.field('PADDING.length', 24, 16);
    for (let byte = 0; byte < 16; byte++) writer.put(8, 0);
  });
  part('COMMENT', () => {
    writer.field('COMMENT.isLast', 1, 1);
    writer.field('COMMENT.type', 7, 4);
    writer.field('COMMENT.length', 24, 8);
    writer.field('COMMENT.vendor', 32, 0);
    writer.field('COMMENT.count', 32, 0);
  });
  const headers: { header: number; from: number; to: number }[] = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    const from = writer.bytes;
    let header = 0;
    part(`frame ${frame}`, () => (header = frameOf(writer, kind, frame, integers)));
    headers.push({ header, from, to: writer.bytes });
  }
  const writeChecksums = (bytes: Buffer): void => {
    for (const { header, from, to } of headers) {
      bytes[header] = crc(bytes.subarray(from, header), 8, 0x07);
      bytes.writeUInt16BE(crc(bytes.subarray(from, to - 2), 16, 0x8005), to - 2);
    }
  };
  const bytes = writer.finish();
  writeChecksums(bytes);
  const samples = integers.map((channel) => Float32Array.from(channel, (value) => value / scale));
  return { bytes, fields: writer.fields, parts, writeChecksums, kind, samples };
}

function streamInfo(writer: BitWriter, kind: Kind): void {
  writer.field('STREAMINFO.isLast', 1, 0);
  writer.field('STREAMINFO.type', 7, 0);
  writer.field('STREAMINFO.length', 24, 34);
  writer.field('minBlock', 16, FRAME);
  writer.field('maxBlock', 16, FRAME);
  writer.field('minFrame', 24, 0);
  writer.field('maxFrame', 24, 0);
  writer.field('rate', 20, kind.sampleRate);
  writer.field('channels', 3, kind.channels - 1);
  writer.field('bits', 5, kind.bits - 1);
  writer.field('samples', 36, kind.statesLength ? FRAMES * FRAME : 0);
  for (let word = 0; word < 4; word++) writer.field(`md5.${word}`, 32, 0);
}

/** @returns where the sum of the frame's header stands */
function frameOf(writer: BitWriter, kind: Kind, frame: number, integers: number[][]): number {
  const named = (name: string, bits: number, value: number): void =>
    writer.field(`frame ${frame}.${name}`, bits, value);
  named('sync', 14, 0x3ffe);
  named('reserved', 1, 0);
  named('varies', 1, 0);
  named('block', 4, 8);
  named('rate', 4, kind.rateCode);
  named('assignment', 4, kind.channels - 1);
  named('bits', 3, kind.bits === 8 ? 1 : 4);
  named('reserved', 1, 0);
  named('number', 8, frame);
  const header = writer.bytes;
  writer.put(8, 0);
  for (const channel of integers) {
    const values = channel.slice(frame * FRAME, (frame + 1) * FRAME);
    named('zero', 1, 0);
    named('subframe', 6, kind.isRice ? 9 : 1);
    named('wasted', 1, 0);
    if (kind.isRice) riceOf(writer, named, kind.bits, values);
    else for (const value of values) writer.put(kind.bits, value);
  }
  writer.align();
  named('crc', 16, 0);
  return header;
}

/** Fixed prediction of the first order, one partition. */
function riceOf(
  writer: BitWriter,
  named: (name: string, bits: number, value: number) => void,
  bits: number,
  values: readonly number[],
): void {
  const parameter = bits - 3;
  named('warm-up', bits, values[0]!);
  named('coding', 2, 0);
  named('partition', 4, 0);
  named('parameter', 4, parameter);
  for (let at = 1; at < values.length; at++) {
    const residual = values[at]! - values[at - 1]!;
    const folded = residual < 0 ? -2 * residual - 1 : 2 * residual;
    for (let quotient = folded >> parameter; quotient > 0; quotient--) writer.put(1, 0);
    writer.put(1, 1);
    writer.put(parameter, folded & ((1 << parameter) - 1));
  }
}

function crc(bytes: Uint8Array, width: 8 | 16, polynomial: number): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++)
      sum = (sum << 1) ^ (sum & (1 << (width - 1)) ? polynomial : 0);
    sum &= (1 << width) - 1;
  }
  return sum;
}
