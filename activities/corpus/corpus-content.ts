/** What a split holds, as one hash, from its manifests alone: clips by their samples, in order, and their labels. No audio is opened. */
import { canonicalJson } from '../../ced/logits/content-key';
import type { Split } from '../../workflows/contract/activities';
import type { IngestManifest } from '../download/ingest-shard';
import type { CorpusManifest } from '../download/seal-corpus';
import { layout } from '../storage/layout';
import { readJson, sha256, type Store } from '../storage/store';

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
  const clips: [string, number[] | null][] = [];
  for (const { ingest } of entry.shardsOf)
    for (const clip of (await readJson<IngestManifest>(store, ingest)).clips) clips.push([clip.sha256, labels ? clip.labels : null]);
  return sha256(canonicalJson({ chunkSeconds: corpus.chunkSeconds, vocabulary: corpus.vocabulary, clips }));
}
