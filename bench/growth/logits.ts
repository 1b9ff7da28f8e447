/** Predicting logit shards. */
import { logitsJob } from '../../jobs/logits/logits-job';
import { growthCorpus, type CorpusSize } from './corpus';
import { bySizesOfCorpus, decades, type Subject } from './subject';

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

const [byClips, byClasses, bySeconds] = bySizesOfCorpus('logits', predicting);

export const logitSubjects: readonly Subject[] = [
  byClips,
  {
    ...{ name: 'logits', per: 'views', sizes: decades(1) },
    prepare: async (views, folder) => await predicting(folder, { clips: 60, views }),
  },
  byClasses,
  bySeconds,
];
