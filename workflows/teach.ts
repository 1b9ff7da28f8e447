/**
 * Trains teachers from labelled audio under fresh augmentation, one after another, and scores them
 * on eval. The only workflow that reads training labels.
 */
import { acceptRun } from './accept-run';
import { cpu } from './activity-proxies';
import type { ImportModelsInput, RunResult } from './contract/activities';
import { teachRunSchema, type TeachRun } from './contract/run-file';
import { prepareCorpus, type PreparedCorpus } from './prepare-corpus';
import { withinBudgets } from './contract/budgets';
import type { StageName } from './contract/status';
import { maskHints, renamedNotes, warmupNotes, workerNotes } from './contract/run-notes';
import type { Continuation } from './continuation';
import { runToEnd } from './run-to-end';
import { publish } from './publish';
import { RunControl } from './run-control';
import { runOrigin } from './run-origin';
import { scoreModels } from './score-models';
import { trainModels } from './train-models';

export async function teach(input: unknown, continuation?: Continuation): Promise<RunResult> {
  const run = acceptRun(teachRunSchema, input);
  const control = new RunControl(run.name, STAGES, continuation);
  return await runToEnd(control, input, () => stages(control, run));
}

const STAGES: [StageName, string][] = [
  ['plan', 'tables'],
  ['download', 'shards'],
  ['teach', 'teachers'],
  ['evaluate', 'models'],
  ['publish', 'reports'],
];

async function stages(control: RunControl, stated: TeachRun): Promise<RunResult> {
  const { chunkSeconds } = stated;
  const inits = stated.teachers.flatMap((teacher, index) =>
    teacher.init === null
      ? []
      : [{ field: `teachers[${index}].init`, checkpoint: teacher.init, model: teacher.model }],
  );
  const { store } = stated;
  const importInits = (origin: Pick<ImportModelsInput, 'origin'> = {}) =>
    cpu.importModels({
      ...{ store, vocabulary: stated.corpus.vocabulary, teachers: [], inits, chunkSeconds },
      ...origin,
    });
  const models = await control.runOnce('models', () => importInits(runOrigin()));
  control.note(models.notes);
  const prepared = await prepareCorpus(control, stated, chunkSeconds);
  const corpus: PreparedCorpus = {
    ...prepared,
    repair: (damage) => (damage.kind === 'model' ? importInits() : prepared.repair(damage)),
  };

  const { run, notes } = withinBudgets(stated, corpus.finalized);
  control.note(notes);
  const hints = [...(corpus.plan.hints ?? []), ...maskHints(run.augment.timeMask, chunkSeconds)];
  control.note(hints.map(({ text }) => text));
  control.note(renamedNotes('teachers', run.teachers));
  control.note(workerNotes('teachers', run.teachers));
  control.note(warmupNotes('teachers', run.teachers, corpus.finalized.train?.chunks ?? 0));
  const { trained: teachers, repair } = await trainModels(control, 'teach', {
    run,
    corpus,
    chunkSeconds,
    models,
    settings: run.teachers,
    targets: { kind: 'labels' },
    augment: run.augment,
    repair: corpus.repair,
  });

  await scoreModels(control, 'evaluate', {
    run,
    corpus: { ...corpus, repair },
    chunkSeconds,
    precision: 'float32',
    models: teachers,
    splits: ['eval'],
    timed: teachers,
  });

  return await publish(control, corpus, {
    store: run.store,
    run: run.name,
    planKey: corpus.plan.planKey,
    chunkSeconds,
    kind: 'teach',
    runFile: run,
    ensemble: [],
    logits: null,
    students: teachers,
    ...(hints.length === 0 ? {} : { hints }),
  });
}
