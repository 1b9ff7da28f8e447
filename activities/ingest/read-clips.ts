/**
 * Listed clips, read and decoded in their order, a few at once: while one waits for its bytes
 * another is decoded. A clip that cannot be used comes with its reason.
 */
import type { ByteParts } from '../../ced/audio/byte-parts';
import type { ChannelChoice } from '../../ced/audio/channels';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { SampleMemory } from '../../ced/audio/sample-memory';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import {
  CLIPS_AT_ONCE,
  LONGEST_CLIP_SECONDS,
  SourceUnreadable,
  type SourceOptions,
} from '../../storage/sources/source';
import { decodeClip } from './decode-clip';
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
}

interface ClipMemory {
  file: Uint8Array;
  samples: SampleMemory;
}

interface DecodeOptions {
  sources: SourceOptions;
  channels: ChannelChoice;
  parquet: ParquetAudio;
}

/** As much as was ever used at once. */
const idle: ClipMemory[] = [];

/** @param channels what is made of several. */
export async function* readClips(
  clips: readonly ListedClip[],
  sources: SourceOptions,
  channels: ChannelChoice = 'mix',
): AsyncGenerator<ReadClip> {
  const parquet = new ParquetAudio(sources);
  const decode = (clip: ListedClip, memory?: ClipMemory): Promise<Int16Array | string> =>
    decodeListed(clip, { sources, channels, parquet }, memory);
  const segments = new Segments(clips, decode);
  const reading = mapOrdered(clips, sources.clipsAtOnce ?? CLIPS_AT_ONCE, async (listed) => {
    const memory = idle.pop() ?? {
      file: Buffer.allocUnsafeSlow(FILE_BYTES),
      samples: new SampleMemory(),
    };
    const pcm = listed.segment ? await segments.read(listed) : await decode(listed, memory);
    return { listed, pcm: typeof pcm === 'string' ? pcm : unusable(pcm, channels), memory };
  });
  for await (const { listed, pcm, memory } of reading) {
    // A decoder may take the end of its bytes for damage: a cancelled attempt rejects no clip.
    sources.retry?.signal?.throwIfAborted();
    yield { listed, pcm };
    idle.push(memory);
  }
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
  { sources, channels, parquet }: DecodeOptions,
  memory?: ClipMemory,
): Promise<Int16Array | string> {
  try {
    const source = openSource(listed.audio, sources);
    const { longestClipSeconds = LONGEST_CLIP_SECONDS } = sources;
    const bytes = listed.cell && (await parquet.read(listed));
    const open = (): ByteParts => (bytes ? [bytes] : source.read(listed.range, memory?.file));
    return await decodeClip(open, source.name, {
      longestSeconds: longestClipSeconds,
      channels,
      ...(sources.retry ? { retry: sources.retry } : {}),
      ...(memory ? { memory: memory.samples } : {}),
    });
  } catch (error) {
    if (error instanceof SourceUnreadable || error instanceof ClipUnreadable) return error.message;
    throw error;
  }
}
