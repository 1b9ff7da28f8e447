/**
 * The stages that `distill` and `retrain` share once the corpus is there: score the teachers, store
 * their logits, train, score and promote students, publish.
 */
import { patched } from '@temporalio/workflow';
import { runFileInvalid } from './accept-run';
import { cpu, gpu } from './activity-proxies';
import type {
  ImportedModels,
  ImportModelsInput,
  Plan,
  PlanInput,
  RunResult,
} from './contract/activities';
import { withinBudgets } from './contract/budgets';
import type { DistillRun } from './contract/run-file';
import { CHAMPION } from './contract/run-file-sections';
import type { StageName } from './contract/status';
import {
  isVocabularyOfWorker,
  vocabularyNotes,
  withClassList,
} from './contract/teacher-vocabulary';
import {
  ensembleProblems,
  maskHints,
  promotionNotes,
  renamedNotes,
  startsFromChampion,
  warmupNotes,
  workerNotes,
} from './contract/run-notes';
import { compareWithLabels } from './compare-with-labels';
import { chooseEnsemble } from './fit-ensemble';
import { importLogits, storeLogits } from './logits';
import { planCorpus, type PreparedCorpus } from './prepare-corpus';
import { promoteBest } from './promote';
import { publish } from './publish';
import { withRepair } from './repair';
import type { RunControl } from './run-control';
import { runOrigin } from './run-origin';
import { scoreModels } from './score-models';
import { selectClips } from './select-clips';
import { trainModels } from './train-models';
import { WorkerTeachers } from './worker-teachers';

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
  const models = await control.runOnce('models', () =>
    importFromSources(control, run, runOrigin()),
  );
  control.note(models.notes);
  const teachers = run.teachers.flatMap((teacher, index) =>
    teacher.format === 'savedmodel'
      ? [
          {
            ...{ ...models.teachers[index]!, field: `teachers[${index}]` },
            isRateKnown: teacher.sampleRate !== undefined,
          },
        ]
      : [],
  );
  // TensorFlow is on workers with an engine alone.
  if (teachers.length > 0 && patched('trial of SavedModels')) {
    const input = { store: run.store, teachers, chunkSeconds: run.logits.chunkSeconds };
    const tryAll = () => control.interruptibly('other', () => gpu.tryTeachers(input));
    const tried = await control.runOnce('tried teachers', () =>
      withRepair(tryAll, () => importFromSources(control, run)),
    );
    control.note(tried.notes);
  }
  return models;
}

/** @param origin for the first import alone: paths may lead to other files when one is repaired */
async function importFromSources(
  control: RunControl,
  run: DistillRun,
  origin: Pick<ImportModelsInput, 'origin'> = {},
): Promise<ImportedModels> {
  const inits = run.students.flatMap((student, index) =>
    student.init === null || student.init === CHAMPION
      ? []
      : [{ field: `students[${index}].init`, checkpoint: student.init, model: student.model }],
  );
  const champion = startsFromChampion(run);
  const workers = new WorkerTeachers(control, run);
  const classList = isVocabularyOfWorker(run) ? await workers.classList() : undefined;
  const { vocabulary } = withClassList(run, classList).corpus;
  // A worker that gives the run its classes is checked before files are compared with them.
  const early = classList === undefined ? null : await workers.accept(vocabulary);
  const imported = await cpu.importModels({
    store: run.store,
    vocabulary,
    teachers: run.teachers,
    inits,
    chunkSeconds: run.logits.chunkSeconds,
    ...(champion ? { champion } : {}),
    ...(run.fromLabels === undefined ? {} : { fromLabels: run.fromLabels }),
    ...origin,
  });
  if (workers.isEmpty) return imported;
  const accepted = early ?? (await workers.accept(vocabulary));
  const files = imported.teachers.values();
  const teachers = run.teachers.flatMap(
    ({ name }) => accepted.get(name) ?? files.next().value ?? [],
  );
  if (teachers.every(({ missing = 0 }) => missing > 0) && patched('classes of all teachers'))
    await cpu.requireClasses({ store: run.store, vocabulary, ensemble: teachers });
  return { ...imported, teachers, ...(classList === undefined ? {} : { classList }) };
}

/** Plans the corpus, and refuses what its tables show to be impossible. */
export async function planDistillation(
  control: RunControl,
  run: DistillRun,
  { classList }: Pick<ImportedModels, 'classList'>,
  planning: Pick<PlanInput, 'continues'> = {},
): Promise<Plan> {
  const plan = await planCorpus(control, withClassList(run, classList), run.logits.chunkSeconds, {
    ...planning,
    trainLabels: 'ignored',
  });
  control.note(vocabularyNotes(run, plan.classes));
  const problems = ensembleProblems(run, plan.splits.validation);
  if (problems.length > 0) throw runFileInvalid(problems);
  control.note(promotionNotes(run, plan.splits.eval?.labelled));
  return plan;
}

/** @param evaluationKey under which the next retraining finds this one's evaluation */
export async function distillAndPublish(
  control: RunControl,
  stated: DistillRun,
  imported: ImportedModels,
  prepared: PreparedCorpus,
  evaluationKey?: string,
): Promise<RunResult> {
  const { run, notes } = withinBudgets(stated, prepared.finalized);
  control.note(notes);
  const corpus: PreparedCorpus = {
    ...prepared,
    repair: (damage) =>
      damage.kind === 'model' ? importFromSources(control, run) : prepared.repair(damage),
  };
  const { chunkSeconds } = run.logits;
  const workers = new WorkerTeachers(control, run);
  if (!('published' in run.logits) && run.logits.topK > corpus.plan.classes)
    throw runFileInvalid([
      `logits.topK: ${run.logits.topK}, ` +
        `expected at most the vocabulary's ${corpus.plan.classes} classes`,
    ]);

  const hints = [
    ...(imported.hints ?? []),
    ...maskHints(run.logits.augment.timeMask, chunkSeconds),
  ];
  control.note(hints.map(({ text }) => text));
  control.note(renamedNotes('students', run.students));
  control.note(workerNotes('students', run.students));
  control.note(warmupNotes('students', run.students, corpus.finalized.train?.chunks ?? 0));

  // 1. Score each teacher before hours are spent on its logits.
  await scoreModels(control, 'gate', {
    run,
    corpus,
    chunkSeconds,
    precision: 'precision' in run.logits ? run.logits.precision : 'float32',
    models: imported.teachers,
    splits: ['validation', 'eval'],
    ...(imported.fromLabels ? { alsoOnValidation: [imported.fromLabels] } : {}),
    workers,
  });

  const { members, fit } = await chooseEnsemble(control, run, corpus, imported.teachers);
  hints.push(...(await compareWithLabels(control, run, corpus, imported, members)));

  // 2. Store the ensemble's logits of every view, or import logits that others published.
  const {
    logits,
    targets,
    repair: repairTargets,
  } = 'published' in run.logits
    ? await importLogits(control, run, corpus, run.logits)
    : await storeLogits(control, run, corpus, members, run.logits, workers);

  // 3. Train students from the stored logits, without the clips that an activity of the user's
  //    leaves out.
  const leaveOut = await selectClips(control, run, logits.key);
  const models = await control.runOnce('models and champion', () => addChampion(run, imported));
  const { trained: students, repair: repairStudents } = await trainModels(control, 'distill', {
    run,
    corpus,
    chunkSeconds,
    models: { ...models, teachers: members },
    settings: run.students,
    ...(run.halving ? { halving: run.halving } : {}),
    targets,
    augment: run.logits.augment,
    leaveOut,
    repair: (damage) =>
      damage.kind === 'model' && damage.sha256 === models.inits[CHAMPION]?.sha256
        ? addChampion(run, imported)
        : repairTargets(damage),
  });

  // 4. Score the students on clips that no model was trained on.
  const trainedCorpus = { ...corpus, repair: repairStudents };
  await scoreModels(control, 'evaluate', {
    run,
    corpus: trainedCorpus,
    chunkSeconds,
    precision: 'float32',
    models: students,
    splits: ['eval'],
    timed: [...members, ...students],
  });

  // 5. Compare the best of them with the champion.
  const promotion = await promoteBest(control, run, trainedCorpus, students);

  // 6. Write the result and the report.
  return await publish(control, corpus, {
    store: run.store,
    run: run.name,
    planKey: corpus.plan.planKey,
    chunkSeconds,
    kind: 'distill',
    runFile: run,
    ensemble: members,
    ...(fit ? { ensembleFit: fit } : {}),
    logits,
    ...(run.selection ? { selection: { ...run.selection, leaveOut } } : {}),
    students,
    ...(hints.length === 0 ? {} : { hints }),
    ...(control.status.halving?.length ? { halving: control.status.halving } : {}),
    ...(promotion ? { promotion } : {}),
    ...(evaluationKey === undefined ? {} : { judgementKey: evaluationKey }),
  });
}

/**
 * Adds the present champion to the checkpoints that students may start from. While there is none,
 * students that ask for it start from their seed.
 */
async function addChampion(run: DistillRun, imported: ImportedModels): Promise<ImportedModels> {
  if (!run.promote || !run.students.some(({ init }) => init === CHAMPION)) return imported;
  const champion = await cpu.findChampion({ store: run.store, champion: run.promote.champion });
  return champion ? { ...imported, inits: { ...imported.inits, [CHAMPION]: champion } } : imported;
}
