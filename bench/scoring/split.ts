/** What `npm run bench -- goals` scores: a split as long as the demo's, and models of one shape. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { encodeWav } from '../../ced/audio/wav-file';
import type { ModelConfig } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { parameterCount } from '../../ced/model/parameters';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { FolderStore } from '../../storage/folder-store';
import { storeModel } from '../../storage/models/model-folder';
import type { ScoredReference } from '../../workflows/contract/models';

export const CLIP_SECONDS = 4;
const CLIP_SAMPLES = CLIP_SECONDS * 16_000;
const EVAL_CLIPS = 800;
/** As a run's default. */
const CLIPS_PER_SHARD = 500;

/** What a measured process is started with, as JSON. */
export interface ScoringWork {
  /** Folder of the store. */
  store: string;
  planKey: string;
  config: ModelConfig;
  models: ScoredReference[];
  clips: number;
  samples: number;
}

/** @param folder empty */
export async function prepareScoring(folder: string, config: ModelConfig): Promise<ScoringWork> {
  const store = new FolderStore(join(folder, 'store'));
  const deps = localDependencies(folder, store);
  mkdirSync(join(folder, 'audio'));
  writeTable(folder, 'train', 1);
  writeTable(folder, 'eval', EVAL_CLIPS);
  const classes = Array.from({ length: config.outputdim }, (_, index) => `${index},,"${index}"`);
  writeFileSync(join(folder, 'vocabulary.csv'), ['index,mid,display_name', ...classes].join('\n'));
  const corpus = {
    ...{ train: 'train.jsonl', eval: 'eval.jsonl', vocabulary: 'vocabulary.csv' },
    ...{ clipsPerShard: CLIPS_PER_SHARD, maxRejected: 0 },
  };
  const input = { store: '', corpus, chunkSeconds: CLIP_SECONDS };
  const { planKey, splits } = await planCorpus(deps, input, () => undefined);
  for (const split of ['train', 'eval'] as const)
    for (let shard = 0; shard < (splits[split]?.shards ?? 0); shard++)
      await ingestShard(deps, { store: '', planKey, split, shard }, () => undefined);
  const { chunkSeconds } = input;
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds });
  const models: ScoredReference[] = [];
  for (const seed of [1, 2]) {
    const weights = encodeSafetensors(initialWeights(config, seed), 'F32');
    const sha256 = await storeModel(store, config, weights);
    models.push({ name: `seed ${seed}`, sha256, parameters: parameterCount(config) });
  }
  const { uri } = store;
  return { store: uri, planKey, config, models, clips: EVAL_CLIPS, samples: CLIP_SAMPLES };
}

/** Clips of noise, each with a label. */
function writeTable(folder: string, split: string, clips: number): void {
  let state = split.length;
  const lines = Array.from({ length: clips }, (_, index) => {
    const pcm = Int16Array.from({ length: CLIP_SAMPLES }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state >> 19;
    });
    const audio = `audio/${split}-${index}.wav`;
    writeFileSync(join(folder, audio), encodeWav(pcm));
    return JSON.stringify({ clip: `${split}-${index}`, audio, labels: [index % 5] });
  });
  writeFileSync(join(folder, `${split}.jsonl`), lines.join('\n'));
}
