/**
 * What a split holds, as one hash, from its manifests alone: clips by their samples, in order, and
 * their labels. No audio is opened.
 */
import { readIngest } from './ingest-manifest';
import { contentSha256 } from '../../ced/corpus/content-hash';
import type { Store } from '../store';
import type { Split } from '../../workflows/contract/models';
import { readCorpus } from './corpus-manifest';

/** @throws when the plan's corpus has not been finalized, or has no such split */
export async function corpusContent(
  store: Store,
  planKey: string,
  split: Split,
  { labels = true }: { labels?: boolean } = {},
): Promise<string> {
  const corpus = await readCorpus(store, planKey);
  const entry = corpus.splits[split];
  if (!entry) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
  const clips: { sha256: string; labels: number[] | null }[] = [];
  for (const [shard, { ingest, audioSha256 }] of entry.shardsOf.entries())
    for (const { sha256, labels: own } of (
      await readIngest(store, { split, shard, ingest, audioSha256 })
    ).clips)
      clips.push({ sha256, labels: labels ? own : null });
  return contentSha256(corpus, clips);
}
