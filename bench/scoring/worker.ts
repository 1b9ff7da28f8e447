/**
 * A measured process of the scoring rows of `npm run bench -- goals`. A number on standard input
 * scores that model as a run's job does, another word makes the bare forward passes of the same
 * clips. Only TensorFlow is loaded before the first line, so the first score includes what a new
 * process does once.
 */
import { initialWeights } from '../../ced/model/initial-weights';
import { Predictor } from '../../ced/model/predictor';
import { scoreJob } from '../../jobs/score/score-job';
import { answerLines, sampleOf } from '../answered-lines';
import { logitsContext } from '../logits/context';
import { CLIP_SECONDS, type ScoringWork } from './split';

/** As `jobs/chunk-batches.ts` makes them. */
const BATCH_ROWS = 64;

async function main({ store, planKey, config, models, clips, samples }: ScoringWork) {
  const context = logitsContext(store);
  const pcm = Int16Array.from({ length: BATCH_ROWS * samples }, (_, i) => (i * 7919) % 9001);
  let predictor: Predictor | null = null;
  const passes = (): void => {
    predictor ??= new Predictor(context.engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    for (let from = 0; from < clips; from += BATCH_ROWS) {
      const batch = Math.min(BATCH_ROWS, clips - from);
      predictor.probabilities({ pcm: pcm.slice(0, batch * samples), batch, samples, masks: null });
    }
  };
  const score = async (index: number): Promise<void> => {
    const scored = await scoreJob(context, {
      ...{ store: '', planKey, split: 'eval', model: models[index]! },
      ...{ chunkSeconds: CLIP_SECONDS, precision: 'float32' },
    });
    if (scored.reused) throw new Error('the scores were there already');
  };
  await answerLines((what) =>
    sampleOf(() => (/^\d+$/.test(what) ? score(Number(what)) : passes())),
  );
}

main(JSON.parse(process.argv[2] ?? '') as ScoringWork).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
