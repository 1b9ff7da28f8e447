/** Listed clips, read and decoded in their order: the next few are read while one is decoded. A clip that cannot be used comes with its reason. */
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { sampleRate } from '../../ced/audio/mono16k';
import { statedSeconds } from '../../ced/audio/stated-length';
import { isWav } from '../../ced/audio/wav';
import { decodeWavStream, tooLong } from '../../ced/audio/wav-stream';
import { inOrder } from '../in-order';
import type { ListedClip } from '../plan/listing';
import { openSource } from '../storage/open-source';
import { LARGEST_CLIP_BYTES, LONGEST_CLIP_SECONDS, SourceUnreadable, type SourceOptions } from '../storage/source';
import { decodeClip } from './decode-clip';

/** One patch of 16 frames, 10 ms apart: the least a model can hear. */
const SHORTEST_SAMPLES = 2400;

/** Clips that are read while one is decoded. */
const READ_AHEAD = 4;

export interface ReadClip {
  listed: ListedClip;
  /** int16 [samples] at 16 kHz, or why there are none. */
  pcm: Int16Array | string;
}

export async function* readClips(clips: Iterable<ListedClip>, sources: SourceOptions): AsyncGenerator<ReadClip> {
  const fetch = async (listed: ListedClip): Promise<{ listed: ListedClip; bytes: Buffer | Int16Array | string }> => ({
    listed,
    bytes: await fetchClip(listed, sources),
  });
  for await (const { listed, bytes } of inOrder(clips, READ_AHEAD, fetch)) {
    const longest = sources.longestClipSeconds ?? LONGEST_CLIP_SECONDS;
    yield { listed, pcm: Buffer.isBuffer(bytes) ? await decode(bytes, openSource(listed.audio, sources).name, longest) : bytes };
  }
}

/** WAV is decoded while it arrives, of other formats the bytes are kept. A reason instead where no retry would help; a network that is down rejects no clip, it throws. */
async function fetchClip(listed: ListedClip, sources: SourceOptions): Promise<Buffer | Int16Array | string> {
  const { longestClipSeconds = LONGEST_CLIP_SECONDS, largestClipBytes = LARGEST_CLIP_BYTES } = sources;
  try {
    const parts = openSource(listed.audio, sources).read(listed.range)[Symbol.asyncIterator]();
    const first = await parts.next();
    const rest = following(first, parts);
    if (!first.done && isWav(first.value)) return usable(await decodeWavStream(rest, longestClipSeconds));
    return await collect(rest, largestClipBytes);
  } catch (error) {
    if (error instanceof SourceUnreadable || error instanceof ClipUnreadable) return error.message;
    throw error;
  }
}

async function* following(first: IteratorResult<Uint8Array>, parts: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await parts.next()) yield next.value;
  } finally {
    // Closes the file or connection of a clip that is refused half-way.
    await parts.return?.();
  }
}

async function collect(parts: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer> {
  const all: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > mostBytes)
      throw new ClipUnreadable('tooLong', `more than ${mostBytes} bytes, and of formats other than WAV no more are read`);
    all.push(part);
  }
  return Buffer.concat(all);
}

async function decode(bytes: Buffer, name: string, longestSeconds: number): Promise<Int16Array | string> {
  try {
    const stated = statedSeconds(bytes);
    if (stated > longestSeconds) throw tooLong(stated, longestSeconds);
    const pcm = await decodeClip(bytes, name);
    if (pcm.length > longestSeconds * sampleRate) throw tooLong(pcm.length / sampleRate, longestSeconds);
    return usable(pcm);
  } catch (error) {
    return (error as Error).message;
  }
}

function usable(pcm: Int16Array): Int16Array | string {
  if (pcm.length < SHORTEST_SAMPLES) return `too short: ${pcm.length} samples at 16 kHz, a model's patch needs ${SHORTEST_SAMPLES}`;
  return pcm.some((sample) => sample !== 0) ? pcm : 'silent: every sample is 0';
}
