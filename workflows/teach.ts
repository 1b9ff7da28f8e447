/**
 * Trains teachers from labelled audio under fresh augmentation, one after another, and scores them
 * on eval. The only workflow that reads training labels.
 */
import { acceptRun } from './accept-run';
import { cpu } from './activity-proxies';
import type { RunResult } from './contract/activities';
import type { Damage } from './contract/damage';
import { teachRunSchema, type TeachRun } from './contract/run-file';
import { prepareCorpus } from './prepare-corpus';
import type { StageName } from './contract/status';
import { conduct } from './continuation';
import { publish } from './publish';
import { RunControl } from './run-control';
import { scoreModels } from './score-models';
import { trainModels } from './train-models';
import type { Carried } from './history-length';

export async function teach(input: unknown, carried?: Carried): Promise<RunResult> {
  const run = acceptRun(teachRunSchema, input);
  const control = new RunControl(run.name, STAGES, carried);
  return await conduct(control, input, () => stages(control, run));
}

const STAGES: [StageName, string][] = [
  ['plan', 'tables'],
  ['download', 'shards'],
  ['teach', 'teachers'],
  ['evaluate', 'models'],
  ['publish', 'reports'],
];

async function stages(control: RunControl, run: TeachRun): Promise<RunResult> {
  const { chunkSeconds } = run;
  const inits = run.teachers.flatMap((teacher, index) =>
    teacher.init === null ? [] : [{ field: `teachers[${index}].init`, checkpoint: teacher.init }],
  );
  const { store } = run;
  const importInits = () =>
    cpu.importModels({ store, vocabulary: run.corpus.vocabulary, teachers: [], inits });
  const models = await control.once('models', importInits);
  const prepared = await prepareCorpus(control, run, chunkSeconds);
  const corpus = {
    ...prepared,
    mend: (damage: Damage) => (damage.kind === 'model' ? importInits() : prepared.mend(damage)),
  };

  const { trained: teachers, mend } = await trainModels(control, 'teach', {
    run,
    corpus,
    chunkSeconds,
    models,
    settings: run.teachers,
    targets: { kind: 'labels' },
    augment: run.augment,
    mend: corpus.mend,
  });

  await scoreModels(control, 'evaluate', {
    run,
    corpus: { ...corpus, mend },
    chunkSeconds,
    precision: 'float32',
    models: teachers,
    splits: ['eval'],
  });

  return await publish(control, corpus, {
    store: run.store,
    run: run.name,
    planKey: corpus.plan.planKey,
    kind: 'teach',
    runFile: run,
    ensemble: [],
    logits: null,
    students: teachers,
  });
}
