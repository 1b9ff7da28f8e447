/** A small model and a store with clips of noise, as the subjects need them. */
import { join } from 'node:path';
import { modelConfigSchema, type ModelConfig } from '../../ced/model/config';
import type { JobContext } from '../../jobs/job-context';
import { logitsSchema } from '../../workflows/contract/run-file-sections';
import type { LogitsInput } from '../../workflows/contract/activities';
import { logitsContext } from '../logits/context';
import { prepareShards } from '../logits/shard';

/** Small, so that what surrounds the model is seen. */
export function smallModel(classes: number): ModelConfig {
  return modelConfigSchema.parse({
    ...{ embed_dim: 16, depth: 1, num_heads: 2, outputdim: classes, target_length: 112 },
  });
}

export interface GrowthCorpus {
  context: JobContext;
  /** Of shard 0. */
  input: LogitsInput;
  shards: number;
}

export interface CorpusSize {
  clips: number;
  clipsPerShard?: number;
  classes?: number;
  views?: number;
  /** Of a clip, cut into chunks of one second. */
  seconds?: number;
}

export async function growthCorpus(
  folder: string,
  { clips, clipsPerShard = 100, classes = 52, views = 1, seconds = 1 }: CorpusSize,
): Promise<GrowthCorpus> {
  const each = Math.min(clips, clipsPerShard);
  const shards = Math.ceil(clips / each);
  const prepared = await prepareShards(
    join(folder, 'corpus'),
    shards,
    each,
    smallModel(classes),
    () => seconds * 16_000,
    1,
  );
  const settings = logitsSchema.parse({ views, topK: 20, chunkSeconds: 1, seed: 1 });
  const { store, planKey, teacher } = prepared;
  const input = { store: '', planKey, shard: 0, ensemble: [teacher], settings };
  return { context: logitsContext(store), input, shards };
}
