/**
 * The clips of a split in shard order, with their labels and chunks, from its manifests alone: for
 * whoever counts and compares, and hears nothing.
 */
import { readFile } from 'node:fs/promises';
import { chunkPlan } from '../../ced/audio/chunks';
import { canonicalJson } from '../../ced/canonical-json';
import { readIngest, type IngestManifest } from './ingest-manifest';
import { mapOrdered } from '../map-ordered';
import { readDerived } from '../derived-file';
import type { ObjectCache } from '../object-cache';
import { sha256, type Store } from '../store';
import { decodeClips, encodeClips } from '../../ced/corpus/clip-columns';
import { contentSha256 } from '../../ced/corpus/content-hash';
import type { Split } from '../../workflows/contract/models';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';
import { readCorpus, type CorpusManifest } from './corpus-manifest';

/** Manifests that are on their way at once: in a bucket each is a round trip. */
const READ_AHEAD = 32;

/**
 * Of a whole split, or of one shard of it.
 * @param cache where a machine that reads a whole split again finds it
 */
export async function readCorpusClips(
  store: Store,
  planKey: string,
  split: Split,
  { only, cache }: { only?: number | undefined; cache?: ObjectCache | undefined } = {},
): Promise<CorpusClips> {
  const corpus = await readCorpus(store, planKey);
  if (!cache || only !== undefined) return await readManifests(store, planKey, corpus, split, only);
  // Names listings and audio, and they determine all that the manifests of its shards say of clips.
  const identity = `clips 1 ${split} ${sha256(canonicalJson(corpus))}`;
  const compute = async function* (): AsyncGenerator<Uint8Array> {
    yield* encodeClips(await readManifests(store, planKey, corpus, split), corpus.chunkSeconds);
  };
  return await readDerived(cache, identity, compute, async (path) =>
    decodeClips(await readFile(path)),
  );
}

async function readManifests(
  store: Store,
  planKey: string,
  { chunkSeconds, vocabulary, splits }: CorpusManifest,
  split: Split,
  only?: number,
): Promise<CorpusClips> {
  const entry = splits[split];
  if (!entry) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
  const chosen = only === undefined ? entry.shardsOf : entry.shardsOf.slice(only, only + 1);
  const audioShards: string[] = [];
  const clips: CorpusClip[] = [];
  const read = ([shard, { ingest, audioSha256 }]: [
    number,
    (typeof chosen)[number],
  ]): Promise<IngestManifest> =>
    readIngest(store, { split, shard: shard + (only ?? 0), ingest, audioSha256 });
  for await (const manifest of mapOrdered(chosen.entries(), READ_AHEAD, read)) {
    const shard = audioShards.push(manifest.audioSha256) - 1;
    for (const { clip, sha256: clipSha256, labels, samples, offset } of manifest.clips)
      clips.push({
        clip,
        sha256: clipSha256,
        labels,
        samples,
        offset,
        shard,
        chunks: chunkPlan(samples, chunkSeconds),
      });
  }
  return {
    vocabulary,
    clips,
    contentSha256: contentSha256({ chunkSeconds, vocabulary }, clips),
    audioShards,
  };
}
