/** Ogg files that lie: Vorbis, and FLAC in Ogg. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { digestOfSamples, readAudio, type Samples } from './audio-reading';
import { goodFlac } from './flac';
import type { Forgery, StructuredFormat } from './forgery';
import { valueAt, withLies, type Field, type Lies } from './layout';
import { oggFile, packetsOf, type Ogg } from './ogg-file';

/** Of the first packet; the samples themselves are coded under these. */
const VORBIS_HEAD: readonly Field[] = [
  { name: 'vorbis.version', at: 7, bytes: 4 },
  { name: 'vorbis.channels', at: 11, bytes: 1 },
  { name: 'vorbis.rate', at: 12, bytes: 4 },
  { name: 'vorbis.maximum', at: 16, bytes: 4 },
  { name: 'vorbis.nominal', at: 20, bytes: 4 },
  { name: 'vorbis.minimum', at: 24, bytes: 4 },
  { name: 'vorbis.blocks', at: 28, bytes: 1 },
  { name: 'vorbis.framing', at: 29, bytes: 1 },
];
const FLAC_HEAD: readonly Field[] = [
  { name: 'flac.major', at: 5, bytes: 1 },
  { name: 'flac.minor', at: 6, bytes: 1 },
  { name: 'flac.headers', at: 7, bytes: 2, bigEndian: true },
];

export async function oggFormat(root: string): Promise<StructuredFormat> {
  const vorbis = vorbisFile(root);
  const truth = await samplesOf(vorbis.bytes);
  const whole = await samplesOf(withoutEnd(vorbis));
  const flac = flacFile();
  const flacDigest = await digestOfSamples(flac.samples);
  const vorbisReadings = async (lies: Lies): Promise<Forgery['readings']> => {
    if (['vorbis.channels', 'vorbis.blocks'].some((name) => lies.fields.has(name))) return null;
    const sampleRate = Number(valueAt(lies.inPlace, field(vorbis, 'vorbis.rate')));
    // The last position ends the stream, and may be any when it is raised.
    const positionOf = (page: string): number =>
      Number(BigInt.asIntN(64, valueAt(lies.inPlace, field(vorbis, `${page}.position`))));
    const last = positionOf('page 2');
    const ends = [truth.channels[0]!.length, whole.channels[0]!.length];
    // Positions need not start at 0.
    for (const start of [0, positionOf('page 0'), positionOf('page 1')])
      if (start >= 0 && last > start) ends.push(last - start);
    return await digests(whole, sampleRate, ends);
  };
  return {
    good: { bytes: flac.file.bytes, lies: [], readings: [flacDigest!] },
    forge: async (draws) => {
      const isFlac = draws.below(3) === 0;
      const lies = withLies(isFlac ? flac.file : vorbis, draws);
      return {
        bytes: lies.bytes,
        lies: lies.told,
        readings: isFlac ? [flacDigest!] : await vorbisReadings(lies),
      };
    },
    read: readAudio,
  };
}

export function field({ fields }: Ogg, name: string): Field {
  const found = fields.find((each) => each.name === name);
  if (!found) throw new Error(`there is no field ${name}`);
  return found;
}

/** Decoded without a lie. */
export async function samplesOf(bytes: Buffer): Promise<Samples> {
  const parts: Float32Array[][] = [];
  let sampleRate = 0;
  for await (const block of await decodeAudio([bytes], 'a good file')) {
    ({ sampleRate } = block);
    for (const [channel, values] of block.channels.entries())
      (parts[channel] ??= []).push(values.slice());
  }
  return {
    sampleRate,
    channels: parts.map((values) => Float32Array.from(values.flatMap((each) => [...each]))),
  };
}

/** Of the first samples, up to each of the ends. */
export async function digests(
  { channels }: Samples,
  sampleRate: number,
  ends: readonly number[],
): Promise<string[]> {
  const all = await Promise.all(
    ends.map((end) =>
      digestOfSamples({ sampleRate, channels: channels.map((each) => each.subarray(0, end)) }),
    ),
  );
  return all.filter((digest) => digest !== null);
}

function vorbisFile(root: string): Ogg {
  const bytes = readFileSync(join(root, 'test/ced/audio/encoded/stereo.ogg'));
  const packets = packetsOf(bytes);
  const [head, ...others] = packets;
  return oggFile(
    [
      { packets: [head!.packet], position: 0 },
      ...[0, packets.at(-1)!.position].map((position, page) => ({
        packets: others.filter((each) => each.position === position).map((each) => each.packet),
        position: page === 0 ? 0 : position,
      })),
    ],
    VORBIS_HEAD,
  );
}

/** With a last position that cuts nothing off. */
function withoutEnd(vorbis: Ogg): Buffer {
  const bytes = Buffer.from(vorbis.bytes);
  bytes.writeBigInt64LE(10n ** 6n, field(vorbis, 'page 2.position').at);
  vorbis.writeChecksums?.(bytes);
  return bytes;
}

function flacFile(): { file: Ogg; samples: Samples } {
  const { bytes, parts, samples, kind } = goodFlac();
  const [info, ...others] = parts.map(({ from, to }) => bytes.subarray(from, to));
  const head = Buffer.from('\x7fFLAC\x01\x00\x00\x02fLaC', 'latin1');
  let position = 0;
  const groups = others.map((packet, index) => {
    // Two metadata blocks, then frames.
    if (index >= 2) position += 256;
    return { packets: [packet], position };
  });
  const file = oggFile(
    [{ packets: [Buffer.concat([head, info!])], position: 0 }, ...groups],
    FLAC_HEAD,
  );
  return { file, samples: { sampleRate: kind.sampleRate, channels: samples } };
}
