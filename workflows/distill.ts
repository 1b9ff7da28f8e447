/**
 * Consistent ensemble distillation from tables of audio to a scored student. Every stage reuses
 * what the store already holds, so a second run, after a failure or with another student, computes
 * only what is new.
 */
import { acceptRun } from './accept-run';
import type { Continuation } from './continuation';
import { runToEnd } from './run-to-end';
import type { RunResult } from './contract/activities';
import { distillRunSchema } from './contract/run-file';
import { furtherRatesOf } from './contract/sample-rates';
import {
  distillAndPublish,
  distillationStages,
  importModels,
  planDistillation,
} from './distillation';
import { ingestCorpus } from './prepare-corpus';
import { RunControl } from './run-control';

export async function distill(input: unknown, continuation?: Continuation): Promise<RunResult> {
  const run = acceptRun(distillRunSchema, input);
  const control = new RunControl(run.name, distillationStages(run), continuation);
  return await runToEnd(control, input, async () => {
    // A wrong path, table or checkpoint in the run file ends the run here, before any work.
    const models = await importModels(control, run);
    const { chunkSeconds } = run.logits;
    const plan = await planDistillation(control, run, models);
    const rates = furtherRatesOf(models.teachers);
    const corpus = await ingestCorpus(control, run, plan, chunkSeconds, rates);
    return await distillAndPublish(control, run, models, corpus);
  });
}
