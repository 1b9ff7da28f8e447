/**
 * What `distill` and `retrain` have in common, once the corpus is there: from scored teachers to a
 * published student, and the champion it may become.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import { cpu } from './activity-proxies';
import type { ImportedModels, RunResult } from './contract/activities';
import type { Damage } from './contract/damage';
import type { DistillRun } from './contract/run-file';
import { CHAMPION } from './contract/run-file-sections';
import type { StageName } from './contract/status';
import { importLogits, storeLogits } from './logits';
import type { PreparedCorpus } from './prepare-corpus';
import { putUp } from './promote';
import { publish } from './publish';
import type { RunControl } from './run-control';
import { scoreModels } from './score-models';
import { trainModels } from './train-models';

export function distillationStages(run: DistillRun): [StageName, string][] {
  return [
    ['plan', 'tables'],
    ['download', 'shards'],
    ['gate', 'models'],
    ['logits', 'shards'],
    ['distill', 'students'],
    ['evaluate', 'models'],
    ...(run.promote ? ([['promote', 'students']] as [StageName, string][]) : []),
    ['publish', 'reports'],
  ];
}

export async function importModels(control: RunControl, run: DistillRun): Promise<ImportedModels> {
  return await control.once('models', () => importAnew(run));
}

async function importAnew(run: DistillRun): Promise<ImportedModels> {
  const inits = run.students.flatMap((student, index) =>
    student.init === null || student.init === CHAMPION
      ? []
      : [{ field: `students[${index}].init`, checkpoint: student.init }],
  );
  return await cpu.importModels({
    store: run.store,
    vocabulary: run.corpus.vocabulary,
    teachers: run.teachers,
    inits,
  });
}

/** @param judgementKey where a retraining is found again */
export async function distillation(
  control: RunControl,
  run: DistillRun,
  imported: ImportedModels,
  prepared: PreparedCorpus,
  judgementKey?: string,
): Promise<RunResult> {
  // Models that are damaged later are copied again from where they came.
  const corpus = {
    ...prepared,
    mend: (damage: Damage) => (damage.kind === 'model' ? importAnew(run) : prepared.mend(damage)),
  };
  const { chunkSeconds } = run.logits;
  if (!('published' in run.logits) && run.logits.topK > corpus.plan.classes)
    throw ApplicationFailure.nonRetryable(
      `the run file is invalid:\nlogits.topK: ${run.logits.topK}, expected at most the vocabulary's ${corpus.plan.classes} classes`,
      'RunFileInvalid',
    );

  // 1. Each teacher is scored before hours are spent on its logits.
  await scoreModels(control, 'gate', {
    run,
    corpus,
    chunkSeconds,
    precision: 'precision' in run.logits ? run.logits.precision : 'float32',
    models: imported.teachers,
    splits: ['validation', 'eval'],
  });

  // 2. The ensemble hears every view of every chunk once; or it was heard by others, who published
  //    what it gave.
  const { logits, targets, mend } =
    'published' in run.logits
      ? await importLogits(control, run, corpus, run.logits)
      : await storeLogits(control, run, corpus, imported.teachers, run.logits);

  // 3. Students learn from what is stored.
  const models = await control.once('models and champion', () => withChampion(run, imported));
  const { trained: students, mend: repairStudents } = await trainModels(control, 'distill', {
    run,
    corpus,
    chunkSeconds,
    models,
    settings: run.students,
    targets,
    augment: run.logits.augment,
    mend: (damage) =>
      damage.kind === 'model' && damage.sha256 === models.inits[CHAMPION]?.sha256
        ? withChampion(run, imported)
        : mend(damage),
  });

  // 4. The student on recordings that nobody trained on.
  const whole = { ...corpus, mend: repairStudents };
  await scoreModels(control, 'evaluate', {
    run,
    corpus: whole,
    chunkSeconds,
    precision: 'float32',
    models: students,
    splits: ['eval'],
  });

  // 5. The best of them against the champion.
  const promotion = await putUp(control, run, whole, students);

  // 6. One result, one report.
  return await publish(control, corpus, {
    store: run.store,
    run: run.name,
    planKey: corpus.plan.planKey,
    kind: 'distill',
    runFile: run,
    ensemble: imported.teachers,
    logits,
    students,
    ...(promotion ? { promotion } : {}),
    ...(judgementKey === undefined ? {} : { judgementKey }),
  });
}

/**
 * The champion of the moment as one more checkpoint to start from; students that ask for it start
 * afresh while there is none.
 */
async function withChampion(run: DistillRun, imported: ImportedModels): Promise<ImportedModels> {
  if (!run.promote || !run.students.some(({ init }) => init === CHAMPION)) return imported;
  const champion = await cpu.findChampion({ store: run.store, champion: run.promote.champion });
  return champion ? { ...imported, inits: { ...imported.inits, [CHAMPION]: champion } } : imported;
}
