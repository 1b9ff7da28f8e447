/** What benchmarks of logits predict: audio shards, and a CED teacher of random weights. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { storeModel } from '../../storage/models/model-folder';
import { planCorpus } from '../../activities/plan-corpus';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import type { ModelConfig } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { parameterCount } from '../../ced/model/parameters';
import { encodeWav } from '../../ced/audio/wav-file';
import type { ActivityDependencies } from '../../activities/dependencies';
import { localDependencies } from '../../activities/local-dependencies';
import type { EnsembleMember } from '../../workflows/contract/models';

export const chunkSeconds = 10;
export const chunkSamples = chunkSeconds * 16_000;

export interface PredictedShards {
  store: string;
  planKey: string;
  teacher: EnsembleMember;
  /** Paths of the shards' samples (.npy) and of the teacher's weights (.safetensors). */
  audio: string[];
  weights: string;
}

/**
 * Writes a store below `folder` as a run would: `shards` shards of `clips` clips of noise each.
 * @param samplesOf length of a clip, @default a whole chunk
 * @param seconds of a chunk
 */
export async function prepareShards(
  folder: string,
  shards: number,
  clips: number,
  config: ModelConfig,
  samplesOf: (clip: number) => number = () => chunkSamples,
  seconds = chunkSeconds,
): Promise<PredictedShards> {
  const store = new FolderStore(join(folder, 'store'));
  const deps = localDependencies(folder, store);
  mkdirSync(join(folder, 'audio'), { recursive: true });
  const lines = Array.from({ length: shards * clips }, (_, clip) => {
    writeFileSync(join(folder, `audio/${clip}.wav`), encodeWav(noise(clip, samplesOf(clip))));
    const labels = [clip % config.outputdim];
    return JSON.stringify({ clip: `${clip}`, audio: `audio/${clip}.wav`, labels });
  });
  writeFileSync(join(folder, 'train.jsonl'), lines.join('\n'));
  const classes = Array.from(
    { length: config.outputdim },
    (_, index) => `${index},,"class ${index}"`,
  );
  writeFileSync(join(folder, 'vocabulary.csv'), ['index,mid,display_name', ...classes].join('\n'));
  const planKey = await planClips(deps, clips, seconds);
  for (let shard = 0; shard < shards; shard++)
    await ingestShard(deps, { store: '', planKey, split: 'train', shard }, () => undefined);
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: seconds });
  const sha256 = await storeModel(
    store,
    config,
    encodeSafetensors(initialWeights(config, 1), 'F32'),
  );
  const audio = (await store.list('audio/')).filter((key) => key.endsWith('.npy'));
  return {
    store: store.uri,
    planKey,
    teacher: { name: 'random', sha256, parameters: parameterCount(config), weight: 1 },
    audio: audio.map((key) => join(store.uri, key)),
    weights: join(store.uri, layout.model(sha256)),
  };
}

/** Plans the table that lies in the folder of the dependencies. @returns the key of the plan */
export async function planClips(
  deps: ActivityDependencies,
  clipsPerShard: number,
  seconds: number,
): Promise<string> {
  const corpus = {
    train: 'train.jsonl',
    vocabulary: 'vocabulary.csv',
    clipsPerShard,
    maxRejected: 0,
  };
  const input = { store: '', corpus, chunkSeconds: seconds };
  return (await planCorpus(deps, input, () => undefined)).planKey;
}

/** int16 [samples], another for each clip. */
function noise(clip: number, samples: number): Int16Array {
  let state = clip;
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >> 19;
  });
}
