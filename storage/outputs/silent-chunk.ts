/** Whether a chunk is digital silence: all samples are the same. */
import type { Chunk } from '../../ced/audio/chunks';
import type { CorpusClip } from '../../ced/corpus/corpus-clip';
import type { CorpusAudio } from '../corpus/corpus-audio';

export async function isSilentChunk(
  audio: CorpusAudio,
  clip: CorpusClip,
  chunk: Chunk,
): Promise<boolean> {
  const pcm = await audio.readLater(clip, chunk);
  return pcm.every((sample) => sample === pcm[0]);
}
