/**
 * The clips of a split in shard order, with their labels and chunks, from its manifests alone: for
 * callers that count and compare and use no audio.
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
import { readCorpus, type CorpusManifest, type CorpusShard } from './corpus-manifest';
import { readShardOfCorpus } from './corpus-part';

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
  if (only !== undefined) {
    const { entry, ...corpus } = await readShardOfCorpus(store, planKey, split, only);
    return await readManifests(store, corpus, { split, firstShard: only, entries: [entry] });
  }
  const corpus = await readCorpus(store, planKey);
  const entries = corpus.splits[split]?.shardsOf;
  if (!entries) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
  const whole = { split, firstShard: 0, entries };
  if (!cache) return await readManifests(store, corpus, whole);
  // Names listings and audio, and they determine all that the manifests of its shards say of clips.
  const identity = `clips 1 ${split} ${sha256(canonicalJson(corpus))}`;
  const compute = async function* (): AsyncGenerator<Uint8Array> {
    yield* encodeClips(await readManifests(store, corpus, whole), corpus.chunkSeconds);
  };
  return await readDerived(cache, identity, compute, async (path) =>
    decodeClips(await readFile(path)),
  );
}

async function readManifests(
  store: Store,
  { chunkSeconds, vocabulary }: Pick<CorpusManifest, 'chunkSeconds' | 'vocabulary'>,
  of: { split: Split; firstShard: number; entries: readonly CorpusShard[] },
): Promise<CorpusClips> {
  const { split, firstShard, entries } = of;
  const audioShards: string[] = [];
  const clips: CorpusClip[] = [];
  const read = ([at, { ingest, audioSha256 }]: [number, CorpusShard]): Promise<IngestManifest> =>
    readIngest(store, { split, shard: firstShard + at, ingest, audioSha256 });
  for await (const manifest of mapOrdered(entries.entries(), READ_AHEAD, read)) {
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
