/** Predicting logit shards. */
import { logitsJob } from '../../jobs/logits/logits-job';
import { growthCorpus, type CorpusSize } from './corpus';
import { CLASS_COUNTS, decades, type Subject } from './subject';

/**
 * After one small shard, so that nothing is compiled in the measured time. Each seed gives another
 * key, so no earlier result is found.
 */
async function predicting(folder: string, size: CorpusSize) {
  const { context, input, shards } = await growthCorpus(folder, size);
  let { seed } = input.settings;
  const predict = async (shard: number, views: number): Promise<unknown> =>
    await logitsJob(context, { ...input, shard, settings: { ...input.settings, seed, views } });
  await predict(0, 1);
  return async () => {
    seed++;
    for (let shard = 0; shard < shards; shard++) await predict(shard, input.settings.views);
  };
}

export const logitSubjects: readonly Subject[] = [
  {
    ...{ name: 'logits', per: 'clips', sizes: decades(30) },
    prepare: async (clips, folder) => await predicting(folder, { clips }),
  },
  {
    ...{ name: 'logits', per: 'views', sizes: decades(1) },
    prepare: async (views, folder) => await predicting(folder, { clips: 60, views }),
  },
  {
    ...{ name: 'logits', per: 'classes', sizes: CLASS_COUNTS },
    prepare: async (classes, folder) => await predicting(folder, { clips: 100, classes }),
  },
  {
    ...{ name: 'logits', per: 'seconds', sizes: [1, 6, 60] },
    prepare: async (seconds, folder) => await predicting(folder, { clips: 20, seconds }),
  },
];
