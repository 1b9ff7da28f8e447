/** The clips of a split in shard order, with their labels and chunks, from its manifests alone: for whoever counts and compares, and hears nothing. */
import { chunkPlan } from '../../ced/audio/chunks';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { Split } from '../../workflows/contract/activities';
import type { IngestManifest } from '../download/ingest-shard';
import type { CorpusManifest } from '../download/seal-corpus';
import { inOrder } from '../in-order';
import { layout } from '../storage/layout';
import { contentSha256 } from './content-hash';
import { readJson, type Store } from '../storage/store';

/** Manifests that are on their way at once: in a bucket each is a round trip. */
const READ_AHEAD = 32;

export interface CorpusClip {
  clip: string;
  sha256: string;
  labels: number[] | null;
  /** All of them: chunks may leave a rest out. */
  samples: number;
  chunks: { start: number; length: number }[];
  /** Of those that were read. */
  shard: number;
  offset: number;
}

export interface CorpusClips {
  readonly vocabulary: Vocabulary;
  readonly clips: CorpusClip[];
  /** Names what is heard and what its labels are: the same content gives the same key. */
  readonly contentSha256: string;
  /** SHA-256 of each shard's audio, in shard order. */
  readonly audioShards: string[];
}

/** Of a whole split, or of one shard of it. */
export async function readCorpusClips(store: Store, planKey: string, split: Split, only?: number): Promise<CorpusClips> {
  const { chunkSeconds, vocabulary, splits } = await readJson<CorpusManifest>(store, layout.corpus(planKey));
  const entry = splits[split];
  if (!entry) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
  const chosen = only === undefined ? entry.shardsOf : entry.shardsOf.slice(only, only + 1);
  const audioShards: string[] = [];
  const clips: CorpusClip[] = [];
  for await (const manifest of inOrder(chosen, READ_AHEAD, ({ ingest }) => readJson<IngestManifest>(store, ingest))) {
    const shard = audioShards.push(manifest.audioSha256) - 1;
    for (const { clip, sha256: clipSha256, labels, samples, offset } of manifest.clips)
      clips.push({ clip, sha256: clipSha256, labels, samples, offset, shard, chunks: chunkPlan(samples, chunkSeconds) });
  }
  return { vocabulary, clips, contentSha256: contentSha256({ chunkSeconds, vocabulary }, clips), audioShards };
}
