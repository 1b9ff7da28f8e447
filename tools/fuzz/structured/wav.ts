/**
 * RIFF, RF64 and BW64 files that lie. What the fields then say is read here once more, plainly, at
 * the places where this writer put them.
 */
import type { Draws } from '../draws';
import { digestOfSamples, noise, readAudio, type Samples } from './audio-reading';
import type { Forgery, StructuredFormat } from './forgery';
import { withLies, type Field, type Layout, type Part } from './layout';

interface Kind {
  id: 'RIFF' | 'RF64' | 'BW64';
  tag: number;
  bits: number;
  channels: number;
  sampleRate: number;
  isExtensible?: boolean;
}

const KINDS: readonly Kind[] = [
  { id: 'RIFF', tag: 1, bits: 16, channels: 1, sampleRate: 16_000 },
  { id: 'RIFF', tag: 1, bits: 16, channels: 2, sampleRate: 44_100 },
  { id: 'RIFF', tag: 1, bits: 8, channels: 1, sampleRate: 8000 },
  { id: 'RIFF', tag: 1, bits: 24, channels: 2, sampleRate: 16_000, isExtensible: true },
  { id: 'RIFF', tag: 3, bits: 32, channels: 1, sampleRate: 16_000 },
  { id: 'RF64', tag: 1, bits: 16, channels: 1, sampleRate: 16_000 },
  { id: 'BW64', tag: 3, bits: 64, channels: 2, sampleRate: 48_000 },
];
const FRAMES = 1800;
/** Lengths from here on stand for "not known". */
const UNKNOWN_FROM = 0x7f000000;

interface Wav extends Layout {
  formatAt: number;
  dataAt: number;
  /** Of a 64-bit length of the samples. */
  longLengthAt: number | null;
}

export async function wavFormat(): Promise<StructuredFormat> {
  const originals = KINDS.map(written);
  return {
    good: { bytes: originals[0]!.bytes, lies: [], readings: await readingsOf(originals[0]!) },
    forge: async (draws) => await forge(draws.pick(originals), draws),
    read: readAudio,
  };
}

async function forge(original: Wav, draws: Draws): Promise<Forgery> {
  const { bytes, inPlace, isRearranged, told } = withLies(original, draws);
  const readings = await readingsOf({ ...original, bytes });
  // Chunks may move that are not needed, or needed later; and a lie may make another chunk of one.
  const isElsewhere = bytes.toString('latin1', original.dataAt - 8, original.dataAt - 4) !== 'data';
  if (isRearranged || isElsewhere) {
    const placeOf = (id: string): number => bytes.indexOf(id) + 8;
    const [formatAt, dataAt] = [placeOf('fmt '), placeOf('data')];
    readings.push(
      ...(await readingsOf({ ...original, bytes: inPlace })),
      ...(await readingsOf({ ...original, bytes, formatAt, dataAt })),
    );
  }
  return { bytes, lies: told, readings };
}

function written({ id, tag, bits, channels, sampleRate, isExtensible = false }: Kind): Wav {
  const sampleBytes = bits / 8;
  const data = Buffer.alloc(FRAMES * channels * sampleBytes);
  for (let channel = 0; channel < channels; channel++)
    for (const [frame, value] of noise(FRAMES, channel).entries()) {
      const at = (frame * channels + channel) * sampleBytes;
      if (bits === 64) data.writeDoubleLE(value, at);
      else if (tag === 3) data.writeFloatLE(value, at);
      else if (bits === 8) data.writeUInt8(128 + Math.round(127 * value), at);
      else data.writeIntLE(Math.round(value * (2 ** (bits - 1) - 1)), at, sampleBytes);
    }
  const frameBytes = channels * sampleBytes;
  const fields: Field[] = [];
  const parts: Part[] = [];
  const content: Buffer[] = [];
  let at = 0;
  const put = (name: string, bytes: number, value: number | bigint): void => {
    const buffer = Buffer.alloc(bytes);
    for (let index = 0, rest = BigInt(value); index < bytes; index++, rest >>= 8n)
      buffer[index] = Number(rest & 0xffn);
    fields.push({ name, at, bytes });
    content.push(buffer);
    at += bytes;
  };
  const chunk = (name: string, length: number, body: () => void): void => {
    const from = at;
    put(`${name}.id`, 4, Buffer.from(name.padEnd(4)).readUInt32LE());
    put(`${name}.length`, 4, length);
    body();
    parts.push({ name, from, to: at });
  };
  const isLong = id !== 'RIFF';
  const riffBytes = 4 + (isLong ? 36 : 0) + 8 + (isExtensible ? 40 : 16) + 12 + 8 + data.length;
  put('form', 4, Buffer.from(id).readUInt32LE());
  put('form.length', 4, isLong ? 0xffffffff : riffBytes);
  put('form.type', 4, Buffer.from('WAVE').readUInt32LE());
  let longLengthAt: number | null = null;
  if (isLong)
    chunk('ds64', 28, () => {
      put('ds64.form', 8, riffBytes);
      longLengthAt = at;
      put('ds64.data', 8, data.length);
      put('ds64.samples', 8, FRAMES);
      put('ds64.table', 4, 0);
    });
  const formatAt = at + 8;
  chunk('fmt', isExtensible ? 40 : 16, () => {
    put('fmt.tag', 2, isExtensible ? 0xfffe : tag);
    put('fmt.channels', 2, channels);
    put('fmt.rate', 4, sampleRate);
    put('fmt.byteRate', 4, sampleRate * frameBytes);
    put('fmt.block', 2, frameBytes);
    put('fmt.bits', 2, bits);
    if (!isExtensible) return;
    put('fmt.extra', 2, 22);
    put('fmt.validBits', 2, bits);
    put('fmt.mask', 4, 3);
    put('fmt.subformat', 2, tag);
    put('fmt.guid', 8, 0x000000100000800000n);
    put('fmt.guidEnd', 6, 0x719b3800aa00n);
  });
  chunk('LIST', 4, () => put('LIST.content', 4, 0x4f464e49));
  const dataAt = at + 8;
  chunk('data', isLong ? 0xffffffff : data.length, () => {
    content.push(data);
    at += data.length;
  });
  return { bytes: Buffer.concat(content), fields, parts, formatAt, dataAt, longLengthAt };
}

/** What each field says where it stands; none where they contradict each other. */
async function readingsOf({ bytes, formatAt, dataAt, longLengthAt }: Wav): Promise<string[]> {
  // The longest fmt chunk is read to its 26th byte.
  if (bytes.length < dataAt || bytes.length < formatAt + 26) return [];
  const stated = bytes.readUInt32LE(dataAt - 4);
  const long = longLengthAt === null ? 0n : bytes.readBigUInt64LE(longLengthAt);
  const ends = [bytes.length - dataAt];
  if (stated > 0 && stated < UNKNOWN_FROM) ends.push(stated);
  else if (long > 0n && long < 2n ** 53n) ends.push(Number(long));
  const digests: string[] = [];
  for (const end of ends) {
    const samples = samplesOf(bytes.subarray(dataAt, dataAt + end), bytes.subarray(formatAt));
    const digest = samples && (await digestOfSamples(samples));
    if (digest) digests.push(digest);
  }
  return digests;
}

function samplesOf(data: Buffer, format: Buffer): Samples | null {
  const stated = format.readUInt16LE(0);
  const tag = stated === 0xfffe ? format.readUInt16LE(24) : stated;
  const channels = format.readUInt16LE(2);
  const sampleBytes = Math.ceil(format.readUInt16LE(14) / 8);
  const read = readerOf(tag, sampleBytes);
  const block = format.readUInt16LE(12);
  if (!read || channels === 0 || block !== channels * sampleBytes) return null;
  const frames = Math.floor(data.length / block);
  return {
    sampleRate: format.readUInt32LE(4),
    channels: Array.from({ length: channels }, (_, channel) =>
      Float32Array.from({ length: frames }, (_empty, frame) =>
        read(data, frame * block + channel * sampleBytes),
      ),
    ),
  };
}

function readerOf(tag: number, bytes: number): ((data: Buffer, at: number) => number) | null {
  if (tag === 3 && bytes === 4) return (data, at) => data.readFloatLE(at);
  if (tag === 3 && bytes === 8) return (data, at) => data.readDoubleLE(at);
  if (tag === 1 && bytes === 1) return (data, at) => (data.readUInt8(at) - 128) / 128;
  if (tag === 1 && bytes >= 2 && bytes <= 4)
    return (data, at) => data.readIntLE(at, bytes) / 2 ** (8 * bytes - 1);
  return null;
}
