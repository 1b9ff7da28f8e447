/** Reads the sizes of a run's splits, and every rejected clip with its reason (invariant 9). */
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
    const entry = corpus.splits[split];
    if (!entry) continue;
    const { shardsOf, duplicates, ...counts } = entry;
    splits.push({ split, ...counts, ...(duplicates ? { duplicates: duplicates.count } : {}) });
    if (counts.rejected === 0) continue;
    for (const [shard, { ingest, audioSha256 }] of shardsOf.entries()) {
      const manifest = await readIngest(store, { split, shard, ingest, audioSha256 });
      for (const { clip, reason } of manifest.rejected) rejected.push({ split, clip, reason });
    }
  }
  return { splits, rejected };
}
