/**
 * Trains models, each as one activity that `pause` and `stopAfterEpoch` may interrupt: students
 * from stored logits, teachers from labels. As many run side by side as there are GPU workers. With
 * `halving`, a model's training is several such activities, one to each rung and one to its end.
 */
import { gpu } from './activity-proxies';
import type {
  ImportedModels,
  MeasuredModel,
  TargetSource,
  TrainInput,
} from './contract/activities';
import type { Damage } from './contract/damage';
import type { Halving } from './contract/halving';
import type { TrainedModel } from './contract/models';
import { mostWorkers } from './contract/run-notes';
import type { DistillRun, TeachRun } from './contract/run-file';
import type { Augment, Student, TeacherTraining } from './contract/run-file-sections';
import { halvingOf, trainByHalving } from './halving';
import type { PreparedCorpus } from './prepare-corpus';
import { withRepair } from './repair';
import type { RunControl } from './run-control';
import { trainInGroup } from './training-group';
import { trainSideBySide } from './training-lanes';

export interface Training {
  run: DistillRun | TeachRun;
  corpus: PreparedCorpus;
  chunkSeconds: number;
  models: ImportedModels;
  settings: (Student | TeacherTraining)[];
  /** Absent: every model trains to its end. */
  halving?: Halving;
  targets: TargetSource;
  augment: Augment;
  /** Names of training clips, sorted. @default none */
  leaveOut?: string[];
  /** Computes again what a training finds damaged. */
  repair: (damage: Damage) => Promise<unknown>;
}

interface Trained {
  trained: TrainedModel[];
  /** Trains a damaged model again from its last checkpoint, or repairs other damage. */
  repair: (damage: Damage) => Promise<unknown>;
}

export async function trainModels(
  control: RunControl,
  stageName: 'distill' | 'teach',
  training: Training,
): Promise<Trained> {
  const { settings, halving } = training;
  const trained = control.persisted<(TrainedModel | null)[]>(
    stageName,
    settings.map(() => null),
  );
  const keep = (index: number, model: TrainedModel): void => {
    trained[index] = model;
    control.note(model.hints?.map(({ text }) => text));
  };
  const state = halving ? halvingOf(control, settings.length) : null;
  await control.stage(stageName, settings.length, async (stage) => {
    if (halving && state)
      await trainByHalving(control, stage, {
        ...{ halving, state, names: settings.map(({ name }) => name) },
        train: async (model, epoch) => {
          const given = { settings: settings[model]!, rung: epoch };
          const { measured = null, ...found } = await trainModel(control, training, given);
          keep(model, found);
          return measured;
        },
      });
    else
      await trainSideBySide<TrainedModel>(
        control,
        settings.map((each, index) => ({
          name: each.name,
          from: 0,
          // The list of an earlier version is shorter.
          isDone: () => (trained[index] ?? null) !== null,
          train: () => trainModel(control, training, { settings: each, rung: null }),
          keep: (model) => {
            keep(index, model);
            stage.done++;
          },
        })),
      );
  });
  const finished = trained.filter((model) => model !== null);
  const repair = (damage: Damage): Promise<unknown> => {
    const damaged =
      damage.kind === 'model' ? finished.findIndex(({ sha256 }) => sha256 === damage.sha256) : -1;
    const again = settings[damaged];
    if (!again) return training.repair(damage);
    // Another stage runs: the history cannot be left behind in the middle of it.
    const given = { settings: again, rung: state?.ends[damaged] || null };
    return trainModel(control, training, given, 'other');
  };
  return { trained: finished, repair };
}

/**
 * @param given.rung epoch at which it is compared with others; null = its last
 * @param what an interruption may concern: a long history ends `training` alone
 */
async function trainModel(
  control: RunControl,
  training: Training,
  { settings, rung }: { settings: Student | TeacherTraining; rung: number | null },
  what: 'training' | 'other' = 'training',
): Promise<MeasuredModel> {
  const { run, corpus, chunkSeconds, models, targets, augment, leaveOut = [] } = training;
  const attempt = async (): Promise<MeasuredModel> => {
    const workers = mostWorkers(settings);
    const input: TrainInput = {
      store: run.store,
      planKey: corpus.plan.planKey,
      run: run.name,
      settings,
      init: settings.init === null ? null : (models.inits[settings.init] ?? null),
      targets,
      augment,
      ...(leaveOut.length > 0 ? { leaveOut } : {}),
      chunkSeconds,
      ensemble: models.teachers,
      hasValidation: corpus.finalized.validation !== null,
      resume: run.resume,
      stopAfterEpoch: earlier(control.stopAfterEpoch, rung),
      ...(rung === null ? {} : { measureEpoch: rung }),
    };
    return workers > 1 ? await trainInGroup(control, input, workers) : await gpu.trainModel(input);
  };
  return await withRepair(() => control.interruptibly(what, attempt), training.repair);
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
