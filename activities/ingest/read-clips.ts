/**
 * Listed clips, read and decoded in their order, a few at once: while one waits for its bytes
 * another is decoded. A clip that cannot be used comes with its reason.
 */
import type { ByteParts } from '../../ced/audio/byte-parts';
import type { ChannelChoice } from '../../ced/audio/channels';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { SampleMemory } from '../../ced/audio/sample-memory';
import type { MonoSamples } from '../../ced/audio/to-mono';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import {
  CLIPS_AT_ONCE,
  LONGEST_CLIP_SECONDS,
  SourceUnreadable,
  type SourceOptions,
} from '../../storage/sources/source';
import { decodeClipAtRates } from './decode-clip';
import { ParquetAudio } from './parquet-audio';
import { Segments } from './segments';
import type { ListedClip } from '../../ced/corpus/listing';

/** One patch of 16 frames, 10 ms apart: the shortest input of a model. */
const SHORTEST_SAMPLES = 2400;

/** Most files are read at once, in one piece. */
const FILE_BYTES = 2 ** 21;

export interface ReadClip {
  listed: ListedClip;
  /** int16 [samples] at 16 kHz, valid until the next clip is asked for; or why there are none. */
  pcm: Int16Array | string;
  /** The same at each further rate; none where there are none at 16 kHz. */
  further: readonly Int16Array[];
}

interface ClipMemory {
  file: Uint8Array;
  samples: SampleMemory;
  /** By rate. */
  further: Map<number, SampleMemory>;
}

interface DecodeOptions {
  sources: SourceOptions;
  channels: ChannelChoice;
  parquet: ParquetAudio;
  rates: readonly number[];
}

/** As much as was ever used at once. */
const idle: ClipMemory[] = [];

/**
 * @param channels what is made of several
 * @param rates Hz at which the samples are wanted beside 16 kHz
 */
export async function* readClips(
  clips: readonly ListedClip[],
  sources: SourceOptions,
  channels: ChannelChoice = 'mix',
  rates: readonly number[] = [],
): AsyncGenerator<ReadClip> {
  const parquet = new ParquetAudio(sources);
  const decode = (clip: ListedClip, memory?: ClipMemory): Promise<MonoSamples | string> =>
    decodeListed(clip, { sources, channels, parquet, rates }, memory);
  const segments = new Segments(clips, decode, rates);
  const reading = mapOrdered(clips, sources.clipsAtOnce ?? CLIPS_AT_ONCE, async (listed) => {
    const memory = idle.pop() ?? newMemory();
    const read = listed.segment ? await segments.read(listed) : await decode(listed, memory);
    const pcm = typeof read === 'string' ? read : unusable(read.pcm, channels);
    const further = typeof read === 'string' || typeof pcm === 'string' ? [] : read.further;
    return { listed, pcm, further, memory };
  });
  for await (const { listed, pcm, further, memory } of reading) {
    // A decoder may take the end of its bytes for damage: a cancelled attempt rejects no clip.
    sources.retry?.signal?.throwIfAborted();
    yield { listed, pcm, further };
    idle.push(memory);
  }
}

function newMemory(): ClipMemory {
  const file = Buffer.allocUnsafeSlow(FILE_BYTES);
  return { file, samples: new SampleMemory(), further: new Map<number, SampleMemory>() };
}

/** Memory at each rate; of rates that an earlier listing wanted none is kept. */
function memoryAtRates(
  memory: ClipMemory | undefined,
  rates: readonly number[],
): { rate: number; memory: SampleMemory }[] {
  const known = memory?.further ?? new Map<number, SampleMemory>();
  for (const rate of known.keys()) if (!rates.includes(rate)) known.delete(rate);
  return rates.map((rate) => {
    const own = known.get(rate) ?? new SampleMemory();
    known.set(rate, own);
    return { rate, memory: own };
  });
}

/** The samples, or why no model can use them. */
function unusable(pcm: Int16Array, channels: ChannelChoice): Int16Array | string {
  if (pcm.length < SHORTEST_SAMPLES)
    return `too short: ${pcm.length} samples at 16 kHz, a model's patch needs ${SHORTEST_SAMPLES}`;
  if (pcm.some((sample) => sample !== 0)) return pcm;
  return channels === 'first'
    ? 'silent: every sample of its first channel is 0'
    : 'silent: every sample is 0';
}

/**
 * Reads and decodes a clip's source. Returns a reason where no retry would help; a network that is
 * down rejects no clip, it throws.
 */
async function decodeListed(
  listed: ListedClip,
  { sources, channels, parquet, rates }: DecodeOptions,
  memory?: ClipMemory,
): Promise<MonoSamples | string> {
  try {
    const source = openSource(listed.audio, sources);
    const { longestClipSeconds = LONGEST_CLIP_SECONDS } = sources;
    const bytes = listed.cell && (await parquet.read(listed));
    const open = (): ByteParts => (bytes ? [bytes] : source.read(listed.range, memory?.file));
    const limits = {
      longestSeconds: longestClipSeconds,
      channels,
      ...(sources.retry ? { retry: sources.retry } : {}),
    };
    return await decodeClipAtRates(open, source.name, limits, {
      ...(memory ? { memory: memory.samples } : {}),
      further: memoryAtRates(memory, rates),
    });
  } catch (error) {
    if (error instanceof SourceUnreadable || error instanceof ClipUnreadable) return error.message;
    throw error;
  }
}
