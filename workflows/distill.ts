/**
 * Consistent ensemble distillation from tables of audio to a scored student. Every stage reuses
 * what the store already holds, so a second run, after a failure or with another student, computes
 * only what is new.
 */
import { acceptRun, runFileInvalid } from './accept-run';
import type { Continuation } from './continuation';
import { runToEnd } from './run-to-end';
import type { RunResult } from './contract/activities';
import { distillRunSchema } from './contract/run-file';
import { vocabularyNotes, withClassList } from './contract/teacher-vocabulary';
import { ensembleProblems, promotionNotes } from './contract/run-notes';
import { distillAndPublish, distillationStages, importModels, ratesOf } from './distillation';
import { ingestCorpus, planCorpus } from './prepare-corpus';
import { RunControl } from './run-control';

export async function distill(input: unknown, continuation?: Continuation): Promise<RunResult> {
  const run = acceptRun(distillRunSchema, input);
  const control = new RunControl(run.name, distillationStages(run), continuation);
  return await runToEnd(control, input, async () => {
    // A wrong path, table or checkpoint in the run file ends the run here, before any work.
    const models = await importModels(control, run);
    const { chunkSeconds } = run.logits;
    const planning = { trainLabels: 'ignored' } as const;
    const plan = await planCorpus(control, withClassList(run), chunkSeconds, planning);
    control.note(vocabularyNotes(run, plan.classes));
    const problems = ensembleProblems(run, plan.splits.validation);
    if (problems.length > 0) throw runFileInvalid(problems);
    control.note(promotionNotes(run, plan.splits.eval?.labelled));
    const corpus = await ingestCorpus(control, run, plan, chunkSeconds, ratesOf(models));
    return await distillAndPublish(control, run, models, corpus);
  });
}
