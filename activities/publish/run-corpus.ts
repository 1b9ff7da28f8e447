/**
 * What a run heard: each split's size, and every clip that was left out with its reason (design,
 * invariant 9).
 */
import { readIngest } from '../../storage/corpus/ingest-manifest';
import { SPLITS } from '../../workflows/contract/models';
import type { Store } from '../../storage/store';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import type { SplitSummary, RejectedClip } from '../../report/run-corpus';

export async function readRunCorpus(
  store: Store,
  planKey: string,
): Promise<{ splits: SplitSummary[]; rejected: RejectedClip[] }> {
  const corpus = await readCorpus(store, planKey);
  const splits: SplitSummary[] = [];
  const rejected: RejectedClip[] = [];
  for (const split of SPLITS) {
    const sealed = corpus.splits[split];
    if (!sealed) continue;
    const { shards, clips, chunks, samples, labelled } = sealed;
    splits.push({
      split,
      shards,
      clips,
      chunks,
      samples,
      rejected: sealed.rejected,
      labelled,
      ...(sealed.duplicates ? { duplicates: sealed.duplicates.count } : {}),
    });
    if (sealed.rejected === 0) continue;
    for (const [shard, { ingest, audioSha256 }] of sealed.shardsOf.entries()) {
      const manifest = await readIngest(store, { split, shard, ingest, audioSha256 });
      for (const { clip, reason } of manifest.rejected) rejected.push({ split, clip, reason });
    }
  }
  return { splits, rejected };
}
