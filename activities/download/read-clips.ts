/** Listed clips, read and decoded in their order: the next few are read while one is decoded. A clip that cannot be used comes with its reason. */
import { inOrder } from '../in-order';
import type { ListedClip } from '../plan/listing';
import { openSource } from '../storage/open-source';
import { readSource, SourceUnreadable, type SourceOptions } from '../storage/source';
import { decodeClip } from './decode-clip';

/** One patch of 16 frames, 10 ms apart: the least a model can hear. */
const SHORTEST_SAMPLES = 2400;

const LARGEST_CLIP_BYTES = 2 ** 30;
/** Clips that are read while one is decoded. */
const READ_AHEAD = 4;

export interface ReadClip {
  listed: ListedClip;
  /** int16 [samples] at 16 kHz, or why there are none. */
  pcm: Int16Array | string;
}

export async function* readClips(clips: Iterable<ListedClip>, sources: SourceOptions): AsyncGenerator<ReadClip> {
  const fetch = async (listed: ListedClip): Promise<{ listed: ListedClip; bytes: Buffer | string }> => ({
    listed,
    bytes: await fetchClip(listed, sources),
  });
  for await (const { listed, bytes } of inOrder(clips, READ_AHEAD, fetch))
    yield { listed, pcm: typeof bytes === 'string' ? bytes : await decode(bytes, listed.audio) };
}

/** A reason instead of bytes where no retry would help. Anything else is thrown: a network that is down rejects no clip. */
async function fetchClip(listed: ListedClip, sources: SourceOptions): Promise<Buffer | string> {
  try {
    return await readSource(openSource(listed.audio, sources), LARGEST_CLIP_BYTES, listed.range);
  } catch (error) {
    if (error instanceof SourceUnreadable) return error.message;
    throw error;
  }
}

async function decode(bytes: Buffer, name: string): Promise<Int16Array | string> {
  try {
    const pcm = await decodeClip(bytes, name);
    if (pcm.length < SHORTEST_SAMPLES) return `too short: ${pcm.length} samples at 16 kHz, a model's patch needs ${SHORTEST_SAMPLES}`;
    return pcm.some((sample) => sample !== 0) ? pcm : 'silent: every sample is 0';
  } catch (error) {
    return (error as Error).message;
  }
}
