/** The clips of a finalized corpus at another sample rate, and references to its audio shards. */
import { chunkAtRate } from '../../ced/audio/sample-rates';
import { sampleRate } from '../../ced/audio/mono16k';
import { contentAtRate } from '../../ced/corpus/content-hash';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';
import type { RowsClip } from '../../ced/teachers/teacher-rows';
import type { Split } from '../../workflows/contract/models';
import { layout } from '../layout';
import { mapOrdered } from '../map-ordered';
import type { Store } from '../store';
import { readCorpus, type CorpusShard } from './corpus-manifest';
import { readShardOfCorpus } from './corpus-part';
import { readRateManifest, type RateManifest } from './rate-manifest';

/** Manifests that are on their way at once. */
const READ_AHEAD = 32;

/** A split, or one shard of it. */
interface ShardsOfSplit {
  planKey: string;
  split: Split;
  only?: number | undefined;
}

/**
 * @param corpus of the split at 16 kHz
 * @param only its shard, if it is one alone
 * @returns the same clips in the same order with the SHA-256, samples, offsets and chunks that they
 *   have at `rate`
 * @throws as `readRateManifest`
 */
export async function clipsAtRate(
  store: Store,
  { planKey, split, only }: ShardsOfSplit,
  corpus: CorpusClips,
  rate: number,
): Promise<CorpusClips> {
  if (rate === sampleRate) return corpus;
  const audioShards: string[] = [];
  const clips: CorpusClip[] = [];
  for await (const manifest of manifestsAtRate(store, { planKey, split, only }, rate)) {
    audioShards.push(manifest.audioSha256);
    for (const { sha256, offset, samples } of manifest.clips) {
      const { clip, labels, shard, chunks } = corpus.clips[clips.length]!;
      const own = chunks.map((chunk) => chunkAtRate(chunk, rate));
      clips.push({ clip, labels, shard, sha256, offset, samples, chunks: own });
    }
  }
  const hashes = clips.map(({ sha256 }) => sha256);
  const content = contentAtRate(corpus.contentSha256, rate, hashes);
  return { vocabulary: corpus.vocabulary, clips, contentSha256: content, audioShards };
}

/** SHA-256 of the audio of each shard at `rate`. @throws as `readRateManifest` */
export async function audioShardsAtRate(
  store: Store,
  of: ShardsOfSplit,
  rate: number,
): Promise<string[]> {
  const shards: string[] = [];
  for await (const { audioSha256 } of manifestsAtRate(store, of, rate)) shards.push(audioSha256);
  return shards;
}

/**
 * The name of what a split holds at `rate`.
 * @param content its name at 16 kHz
 * @throws as `readRateManifest`
 */
export async function contentOfSplitAtRate(
  store: Store,
  of: ShardsOfSplit,
  content: string,
  rate: number,
): Promise<string> {
  const hashes: string[] = [];
  for await (const { clips } of manifestsAtRate(store, of, rate))
    for (const { sha256 } of clips) hashes.push(sha256);
  return contentAtRate(content, rate, hashes);
}

/** As the worker of a teacher is told of it. */
export interface AudioShard {
  audio: { key: string; sha256: string; sampleRate: number };
  /** For the rows of ced/teachers/teacher-rows.ts. */
  clips: RowsClip[];
}

/**
 * @param corpus of the shard alone, at 16 kHz
 * @throws as `readRateManifest`
 */
export async function readAudioShard(
  store: Store,
  corpus: CorpusClips,
  { planKey, split, shard }: { planKey: string; split: Split; shard: number },
  rate: number,
): Promise<AudioShard> {
  const atRate = await clipsAtRate(store, { planKey, split, only: shard }, corpus, rate);
  const sha256 = atRate.audioShards[0]!;
  return {
    audio: { key: layout.audio(sha256), sha256, sampleRate: rate },
    clips: corpus.clips.map(({ sha256, chunks }, row) => ({
      sha256,
      chunks,
      offset: atRate.clips[row]!.offset,
    })),
  };
}

async function* manifestsAtRate(
  store: Store,
  { planKey, split, only }: ShardsOfSplit,
  rate: number,
): AsyncGenerator<RateManifest> {
  const entries = await entriesOf(store, planKey, split, only);
  const read = ([at, entry]: [number, CorpusShard]): Promise<RateManifest> =>
    readRateManifest(store, { split, shard: (only ?? 0) + at, entry }, rate);
  yield* mapOrdered(entries.entries(), READ_AHEAD, read);
}

async function entriesOf(
  store: Store,
  planKey: string,
  split: Split,
  only: number | undefined,
): Promise<readonly CorpusShard[]> {
  if (only !== undefined) return [(await readShardOfCorpus(store, planKey, split, only)).entry];
  return (await readCorpus(store, planKey)).splits[split]?.shardsOf ?? [];
}
