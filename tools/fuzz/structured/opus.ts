/** Opus files that lie. Pre-skip, gain and end are applied here once more to all that was coded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfSamples, readAudio } from './audio-reading';
import type { StructuredFormat } from './forgery';
import { valueAt, withLies, type Field } from './layout';
import { digests, field, samplesOf } from './ogg';
import { oggFile, packetsOf } from './ogg-file';

const HEAD: readonly Field[] = [
  { name: 'opus.version', at: 8, bytes: 1 },
  { name: 'opus.channels', at: 9, bytes: 1 },
  { name: 'opus.preSkip', at: 10, bytes: 2 },
  { name: 'opus.rate', at: 12, bytes: 4 },
  { name: 'opus.gain', at: 16, bytes: 2 },
  { name: 'opus.family', at: 18, bytes: 1 },
];
/** 20 ms each. */
const PACKETS_A_PAGE = 8;
const PACKET_SAMPLES = 960;
const FIRST_AUDIO_PAGE = 2;
const PAGE_HEADER_BYTES = 27;

export async function opusFormat(root: string): Promise<StructuredFormat> {
  const bytes = readFileSync(join(root, 'test/ced/audio/encoded/mono.opus'));
  const [head, tags, ...audio] = packetsOf(bytes);
  const pages = Array.from({ length: Math.ceil(audio.length / PACKETS_A_PAGE) }, (_, page) => {
    const end = Math.min(audio.length, (page + 1) * PACKETS_A_PAGE);
    return {
      packets: audio.slice(page * PACKETS_A_PAGE, end).map(({ packet }) => packet),
      position: end === audio.length ? audio[0]!.position : end * PACKET_SAMPLES,
    };
  });
  const file = oggFile(
    [{ packets: [head!.packet], position: 0 }, { packets: [tags!.packet], position: 0 }, ...pages],
    HEAD,
  );
  const lastPage = FIRST_AUDIO_PAGE + pages.length - 1;
  const signed = (from: Buffer, name: string): number =>
    Number(BigInt.asIntN(64, valueAt(from, field(file, name))));

  // All that was coded: nothing skipped, nothing cut off.
  const open = Buffer.from(file.bytes);
  open.writeUInt16LE(0, field(file, 'opus.preSkip').at);
  open.writeBigInt64LE(10n ** 6n, field(file, `page ${lastPage}.position`).at);
  file.writeChecksums?.(open);
  const { sampleRate, channels } = await samplesOf(open);

  const readingOf = async (lying: Buffer): Promise<string[]> => {
    if (lying.length < file.pages.at(-1)!.from + PAGE_HEADER_BYTES) return [];
    const preSkip = Number(valueAt(lying, field(file, 'opus.preSkip')));
    const gain = 10 ** (lying.readInt16LE(field(file, 'opus.gain').at) / 256 / 20);
    const first = signed(lying, `page ${FIRST_AUDIO_PAGE}.position`);
    // A stream that was captured on its way starts behind 0, one whose beginning was cut before.
    const start = first < 0 ? 0 : first - PACKETS_A_PAGE * PACKET_SAMPLES;
    const begin = preSkip + Math.max(0, -start);
    const last = signed(lying, `page ${lastPage}.position`);
    const count = last < 0 ? Infinity : Math.max(0, last - Math.max(0, start) - preSkip);
    const kept = channels.map((values) => {
      const part = values.subarray(begin, begin + count);
      return gain === 1 ? part : part.map((value) => value * gain);
    });
    const digest = await digestOfSamples({ sampleRate, channels: kept });
    return digest === null ? [] : [digest];
  };
  const prefixes = async (): Promise<string[]> => {
    const preSkip = file.bytes.readUInt16LE(field(file, 'opus.preSkip').at);
    return await digests(
      { sampleRate, channels: channels.map((values) => values.subarray(preSkip)) },
      sampleRate,
      pages.map(({ position }) => position - preSkip),
    );
  };
  return {
    good: { bytes: file.bytes, lies: [], readings: await readingOf(file.bytes) },
    forge: async (draws) => {
      const lies = withLies(file, draws);
      const isOther = ['opus.channels', 'opus.family'].some((name) => lies.fields.has(name));
      const readings = await readingOf(lies.bytes);
      // Without its last pages, a stream ends where the page before says.
      if (lies.isRearranged)
        readings.push(...(await prefixes()), ...(await readingOf(lies.inPlace)));
      return { bytes: lies.bytes, lies: lies.told, readings: isOther ? null : readings };
    },
    read: readAudio,
  };
}
