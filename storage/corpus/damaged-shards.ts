/** Which audio shards of a split are not what their names say. */
import type { Damage } from '../../workflows/contract/damage';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { Split } from '../../workflows/contract/models';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { layout } from '../layout';
import { quarantine } from '../quarantine';
import type { Store } from '../store';
import { isVerified } from '../verified-object';

export interface ProgressOfShards {
  onProgress(progress: LiveProgress): void;
  monotonicMs: () => number;
}

/**
 * Checks all shards once one is damaged: several are often damaged, and are repaired together. It
 * quarantines the damaged ones.
 * @param audioShards SHA-256 of each, from number `only` of the split on
 * @param throwIfClosed called before each shard; throws to give up
 */
export async function damagedShards(
  store: Store,
  audioShards: readonly string[],
  of: { split: Split; only: number | undefined; job: ProgressOfShards | null },
  throwIfClosed: () => void,
): Promise<Damage[]> {
  const { split, only = 0, job } = of;
  const progress = job && progressMeter('shards', audioShards.length, job.monotonicMs);
  const damages: Damage[] = [];
  for (const [shard, audioSha256] of audioShards.entries()) {
    throwIfClosed();
    const key = layout.audio(audioSha256);
    const verified =
      (await isVerified(store, key, audioSha256)) ||
      (await quarantine(store, key, audioSha256)) === 'verified';
    if (!verified) damages.push({ kind: 'audio', split, shard: only + shard });
    if (progress) job.onProgress({ ...progress(shard + 1), phase: 'looking at every audio shard' });
  }
  return damages;
}
