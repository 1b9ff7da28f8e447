/**
 * Scores champion and challenger on the same eval clips, in one job: both scores are of one corpus
 * or there is no comparison. Scores that the store holds for this very content are taken from
 * there. Runs in the engine's process.
 */
import type { CompareInput, Comparison } from '../../workflows/contract/promotion';
import { corpusContent } from '../../storage/corpus/corpus-content';
import { scoreJob } from '../score/score-job';
import type { JobContext } from '../job-context';
import type { ModelReference } from '../../workflows/contract/models';

/** @throws when either cannot be scored; nothing has been decided then */
export async function compareJob(context: JobContext, input: CompareInput): Promise<Comparison> {
  const { store, planKey, chunkSeconds } = input;
  const score = async (model: ModelReference): Promise<number | null> =>
    (
      await scoreJob(context, {
        store,
        planKey,
        split: 'eval',
        model,
        chunkSeconds,
        precision: 'float32',
      })
    ).mAP;
  return {
    evalSha256: await corpusContent(context.store, planKey, 'eval'),
    champion: input.champion && (await score(input.champion)),
    challenger: await score(input.challenger),
  };
}
