/** Lengths of clips, from a sample that is read and decoded as a run would. */
import { readClips } from '../../activities/ingest/read-clips';
import { sampleRate } from '../../ced/audio/mono16k';
import type { DatasetClip } from './datasets/dataset';
import { UsageError } from '../../infra/command-line/usage-error';

const SAMPLED = 200;

/** @throws {UsageError} when none of the sampled clips can be read */
export async function measureSeconds(
  clips: readonly DatasetClip[],
): Promise<{ seconds: number[]; notes: string[] }> {
  const step = Math.max(1, clips.length / SAMPLED);
  const count = Math.min(clips.length, SAMPLED);
  const sample = Array.from({ length: count }, (_, index) => clips[Math.floor(index * step)]!);
  const listed = sample.map(({ clip, audio, segment }) => ({
    ...{ clip, audio, fingerprint: '', labels: null },
    ...(segment ? { segment } : {}),
  }));
  const seconds: number[] = [];
  const rejected: string[] = [];
  for await (const { listed: clip, pcm } of readClips(listed, {})) {
    if (typeof pcm === 'string') rejected.push(`${clip.clip}: ${pcm}`);
    else seconds.push(pcm.length / sampleRate);
  }
  if (seconds.length === 0)
    throw new UsageError(
      `ced init: none of ${sample.length} training clips can be read, the first is ` +
        `${rejected[0] ?? 'missing'}`,
    );
  return {
    seconds,
    notes:
      rejected.length === 0
        ? []
        : [
            `${rejected.length} of ${sample.length} clips that were read cannot be used, for ` +
              `example ${rejected[0]}`,
          ],
  };
}
