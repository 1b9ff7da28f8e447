/**
 * Consistent ensemble distillation from tables of audio to a scored student. Every stage finds what the store already holds, so a run that
 * failed, or a second run with another student, computes only what is new.
 */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { acceptRun } from './accept-run';
import { cpu, gpu } from './activity-proxies';
import type { EnsembleMember, ImportedModels, LogitsShard, RunResult, TargetSource, TrainedModel } from './contract/activities';
import { distillRunSchema, type DistillRun, type LogitsSettings, type PublishedLogits } from './contract/run-file';
import { prepareCorpus, type PreparedCorpus } from './prepare-corpus';
import { RunControl } from './run-control';
import { scoreModels } from './score-models';
import { slidingWindow } from './sliding-window';
import { publish } from './publish';

/** Logit shards waiting for GPU workers: enough for several of them, few enough to pause quickly. */
const LOGIT_SHARDS_IN_FLIGHT = 16;

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
  const { logits, targets } =
    'published' in run.logits
      ? await importLogits(control, run, corpus, run.logits)
      : await storeLogits(control, run, corpus, models.teachers, run.logits);

  // 4. Students learn from what is stored.
  const students = await control.stage('distill', run.students.length, async (stage) => {
    const trained: TrainedModel[] = [];
    for (const student of run.students) {
      control.showStudent(student.name);
      const model = await control.interruptibly(() =>
        gpu.trainModel({
          store: run.store,
          planKey: corpus.plan.planKey,
          run: run.name,
          settings: student,
          init: student.init === null ? null : (models.inits[student.init] ?? null),
          targets,
          augment: run.logits.augment,
          chunkSeconds,
          ensemble: models.teachers,
          hasValidation: corpus.sealed.validation !== null,
          resume: run.resume,
          stopAfterEpoch: control.stopAfterEpoch,
        }),
      );
      trained.push(model);
      stage.done++;
    }
    return trained;
  });

  // 5. The student on recordings that nobody trained on.
  await scoreModels(control, 'evaluate', { run, corpus, chunkSeconds, precision: 'float32', models: students, splits: ['eval'] });

  // 6. One result, one report.
  const { workflowId, runId } = workflowInfo();
  return await publish(control, {
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

interface Targets {
  logits: { key: string; rows: number; views: number; bytes: number; pcmBytes: number };
  targets: TargetSource;
}

async function storeLogits(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  ensemble: EnsembleMember[],
  settings: LogitsSettings,
): Promise<Targets> {
  const { shards, chunks, samples } = corpus.sealed.train ?? { shards: 0, chunks: 0, samples: 0 };
  const total = { key: '', rows: 0, views: settings.views, bytes: 0, pcmBytes: samples * 2 };
  await control.stage('logits', shards, async (stage) => {
    await slidingWindow(shards, LOGIT_SHARDS_IN_FLIGHT, async (shard) => {
      await control.whilePaused();
      const stored: LogitsShard = await gpu.computeLogits({
        store: run.store,
        planKey: corpus.plan.planKey,
        shard,
        ensemble,
        settings,
      });
      total.key = stored.logitsKey;
      total.rows += stored.rows;
      total.bytes += stored.bytes;
      stage.done++;
    });
  });
  const planned = chunks * settings.views;
  if (total.rows !== planned)
    throw ApplicationFailure.nonRetryable(`logits/${total.key}: ${planned} rows planned, ${total.rows} written`, 'LogitsMismatch');
  const { views, topK, seed } = settings;
  return { logits: total, targets: { kind: 'logits', logitsKey: total.key, storedViews: views, storedTopK: topK, seed } };
}

async function importLogits(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  { published }: PublishedLogits,
): Promise<Targets> {
  const imported = await control.stage('logits', 1, async (stage) => {
    const result = await cpu.importPublishedLogits({ store: run.store, planKey: corpus.plan.planKey, published });
    stage.done = 1;
    return result;
  });
  const { logitsKey, rows, views, topK, bytes } = imported;
  const problems = run.students.flatMap((student, index) => [
    ...((student.views ?? 1) > views ? [`students[${index}].views: expected at most the ${views} passes of logits.published`] : []),
    ...((student.topK ?? 1) > topK ? [`students[${index}].topK: expected at most the ${topK} probabilities of logits.published`] : []),
  ]);
  if (problems.length > 0)
    throw ApplicationFailure.nonRetryable(`the run file is invalid:\n${problems.join('\n')}`, 'RunFileInvalid', problems);
  return {
    logits: { key: logitsKey, rows, views, bytes, pcmBytes: (corpus.sealed.train?.samples ?? 0) * 2 },
    targets: { kind: 'logits', logitsKey, storedViews: views, storedTopK: topK, seed: 0, partial: true },
  };
}
