/**
 * Consistent ensemble distillation from tables of audio to a scored student. Every stage finds what the store already holds, so a run that
 * failed, or a second run with another student, computes only what is new.
 */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { acceptRun } from './accept-run';
import { cpu } from './activity-proxies';
import type { ImportedModels, RunResult } from './contract/activities';
import { distillRunSchema, type DistillRun } from './contract/run-file';
import { importLogits, storeLogits } from './logits';
import { prepareCorpus } from './prepare-corpus';
import { publish } from './publish';
import { RunControl } from './run-control';
import { scoreModels } from './score-models';
import { trainModels } from './train-models';

export async function distill(input: unknown): Promise<RunResult> {
  const run = acceptRun(distillRunSchema, input);
  const control = new RunControl(run.name, [
    ['plan', 'tables'],
    ['download', 'shards'],
    ['gate', 'models'],
    ['logits', 'shards'],
    ['distill', 'students'],
    ['evaluate', 'models'],
    ['publish', 'reports'],
  ]);
  const { chunkSeconds } = run.logits;

  // 1. What is to be heard, by whom: anything wrong in the run file's paths, tables or checkpoints ends the run here.
  const models = await importModels(run);
  const corpus = await prepareCorpus(control, run, chunkSeconds);
  if (!('published' in run.logits) && run.logits.topK > corpus.plan.classes)
    throw ApplicationFailure.nonRetryable(
      `the run file is invalid:\nlogits.topK: ${run.logits.topK}, expected at most the vocabulary's ${corpus.plan.classes} classes`,
      'RunFileInvalid',
    );

  // 2. Each teacher is scored before hours are spent on its logits.
  await scoreModels(control, 'gate', {
    run,
    corpus,
    chunkSeconds,
    precision: 'precision' in run.logits ? run.logits.precision : 'float32',
    models: models.teachers,
    splits: ['validation', 'eval'],
  });

  // 3. The ensemble hears every view of every chunk once; or it was heard by others, who published what it gave.
  const { logits, targets, mend } =
    'published' in run.logits
      ? await importLogits(control, run, corpus, run.logits)
      : await storeLogits(control, run, corpus, models.teachers, run.logits);

  // 4. Students learn from what is stored.
  const students = await trainModels(control, 'distill', {
    run,
    corpus,
    chunkSeconds,
    models,
    settings: run.students,
    targets,
    augment: run.logits.augment,
    mend,
  });

  // 5. The student on recordings that nobody trained on.
  await scoreModels(control, 'evaluate', { run, corpus, chunkSeconds, precision: 'float32', models: students, splits: ['eval'] });

  // 6. One result, one report.
  const { workflowId, runId } = workflowInfo();
  return await publish(control, corpus, {
    store: run.store,
    run: run.name,
    workflowId,
    workflowRunId: runId,
    planKey: corpus.plan.planKey,
    kind: 'distill',
    runFile: run,
    ensemble: models.teachers,
    logits,
    students,
  });
}

async function importModels(run: DistillRun): Promise<ImportedModels> {
  const inits = run.students.flatMap((student, index) =>
    student.init === null ? [] : [{ field: `students[${index}].init`, checkpoint: student.init }],
  );
  return await cpu.importModels({ store: run.store, vocabulary: run.corpus.vocabulary, teachers: run.teachers, inits });
}
