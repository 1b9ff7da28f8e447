/** Listed clips, read and decoded in their order, a few at once: while one waits for its bytes another is decoded. A clip that cannot be used comes with its reason. */
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { inOrder } from '../in-order';
import type { ListedClip } from '../plan/listing';
import { openSource } from '../storage/open-source';
import { LONGEST_CLIP_SECONDS, SourceUnreadable, type SourceOptions } from '../storage/source';
import { decodeClip } from './decode-clip';

/** One patch of 16 frames, 10 ms apart: the least a model can hear. */
const SHORTEST_SAMPLES = 2400;

/** Clips that are read and decoded at once; so many results are held at most. */
const AT_ONCE = 4;

export interface ReadClip {
  listed: ListedClip;
  /** int16 [samples] at 16 kHz, or why there are none. */
  pcm: Int16Array | string;
}

export function readClips(clips: Iterable<ListedClip>, sources: SourceOptions): AsyncGenerator<ReadClip> {
  return inOrder(clips, AT_ONCE, async (listed) => ({ listed, pcm: await readClip(listed, sources) }));
}

/** A reason instead where no retry would help; a network that is down rejects no clip, it throws. */
async function readClip(listed: ListedClip, sources: SourceOptions): Promise<Int16Array | string> {
  try {
    const source = openSource(listed.audio, sources);
    const { longestClipSeconds = LONGEST_CLIP_SECONDS } = sources;
    const pcm = await decodeClip(() => source.read(listed.range), source.name, { longestSeconds: longestClipSeconds });
    if (pcm.length < SHORTEST_SAMPLES) return `too short: ${pcm.length} samples at 16 kHz, a model's patch needs ${SHORTEST_SAMPLES}`;
    return pcm.some((sample) => sample !== 0) ? pcm : 'silent: every sample is 0';
  } catch (error) {
    if (error instanceof SourceUnreadable || error instanceof ClipUnreadable) return error.message;
    throw error;
  }
}
