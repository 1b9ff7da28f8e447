/** What a split holds, as one hash, from its manifests alone: clips by their samples, in order, and their labels. No audio is opened. */
import type { Split } from '../../workflows/contract/activities';
import type { IngestManifest } from '../download/ingest-shard';
import type { CorpusManifest } from '../download/seal-corpus';
import { layout } from '../storage/layout';
import { contentSha256 } from './content-hash';
import { readJson, type Store } from '../storage/store';

/** @throws when the plan's corpus has not been sealed, or has no such split */
export async function corpusContent(
  store: Store,
  planKey: string,
  split: Split,
  { labels = true }: { labels?: boolean } = {},
): Promise<string> {
  const corpus = await readJson<CorpusManifest>(store, layout.corpus(planKey));
  const entry = corpus.splits[split];
  if (!entry) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
  const clips: { sha256: string; labels: number[] | null }[] = [];
  for (const { ingest } of entry.shardsOf)
    for (const { sha256, labels: own } of (await readJson<IngestManifest>(store, ingest)).clips)
      clips.push({ sha256, labels: labels ? own : null });
  return contentSha256(corpus, clips);
}
