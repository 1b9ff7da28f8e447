/**
 * Consistent ensemble distillation from tables of audio to a scored student. Every stage finds what
 * the store already holds, so a run that failed, or a second run with another student, computes
 * only what is new.
 */
import { acceptRun } from './accept-run';
import { conduct } from './continuation';
import type { RunResult } from './contract/activities';
import { distillRunSchema } from './contract/run-file';
import { distillation, distillationStages, importModels } from './distillation';
import { prepareCorpus } from './prepare-corpus';
import { RunControl } from './run-control';
import type { Carried } from './history-length';

export async function distill(input: unknown, carried?: Carried): Promise<RunResult> {
  const run = acceptRun(distillRunSchema, input);
  const control = new RunControl(run.name, distillationStages(run), carried);
  return await conduct(control, input, async () => {
    // What is to be heard, by whom: anything wrong in the run file's paths, tables or checkpoints
    // ends the run here.
    const models = await importModels(control, run);
    const corpus = await prepareCorpus(control, run, run.logits.chunkSeconds, {
      trainLabels: 'ignored',
    });
    return await distillation(control, run, models, corpus);
  });
}
