/**
 * Trains models, each as one activity that `pause` and `stopAfterEpoch` may interrupt: students
 * from stored logits, teachers from labels. Each training is scheduled once the one before it
 * runs, so as many run side by side as there are GPU workers.
 */
import { condition } from '@temporalio/workflow';
import { gpu } from './activity-proxies';
import type { ImportedModels, TargetSource, TrainInput } from './contract/activities';
import type { Damage } from './contract/damage';
import type { DistillRun, TeachRun } from './contract/run-file';
import type { Augment, Student, TeacherTraining } from './contract/run-file-sections';
import { withRepair } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';
import type { TrainedModel } from './contract/models';
import { mostWorkers } from './contract/run-notes';
import { HistoryTooLong } from './history-length';
import { trainInGroup } from './training-group';

export interface Training {
  run: DistillRun | TeachRun;
  corpus: PreparedCorpus;
  chunkSeconds: number;
  models: ImportedModels;
  settings: (Student | TeacherTraining)[];
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
  const trained = control.persisted<(TrainedModel | null)[]>(
    stageName,
    training.settings.map(() => null),
  );
  await control.stage(stageName, training.settings.length, async (stage) => {
    let isHistoryLeft = false;
    const lane = async (settings: Student | TeacherTraining, index: number): Promise<void> => {
      if (trained[index]) return;
      const before = training.settings[index - 1];
      // A training that runs reports its first epoch; one found in the store reports none.
      if (before)
        await condition(
          () =>
            isHistoryLeft || before.name in control.status.epochs || trained[index - 1] !== null,
        );
      if (isHistoryLeft) return;
      control.showStudent(settings.name);
      try {
        const model = await trainModel(control, training, settings, 'training');
        trained[index] = model;
        control.note(model.hints?.map(({ text }) => text));
        stage.done++;
      } catch (error) {
        // The other lanes end in the same way.
        if (!(error instanceof HistoryTooLong)) throw error;
        isHistoryLeft = true;
      }
    };
    await Promise.all(training.settings.map(lane));
    if (isHistoryLeft) throw new HistoryTooLong();
  });
  const finished = trained.filter((model) => model !== null);
  const repair = (damage: Damage): Promise<unknown> => {
    const damaged =
      damage.kind === 'model' ? finished.findIndex(({ sha256 }) => sha256 === damage.sha256) : -1;
    const settings = training.settings[damaged];
    // Another stage runs: the history cannot be left behind in the middle of it.
    return settings ? trainModel(control, training, settings, 'other') : training.repair(damage);
  };
  return { trained: finished, repair };
}

/** @param what an interruption may concern: a long history ends `training` alone */
async function trainModel(
  control: RunControl,
  training: Training,
  settings: Student | TeacherTraining,
  what: 'training' | 'other',
): Promise<TrainedModel> {
  const { run, corpus, chunkSeconds, models, targets, augment, leaveOut = [] } = training;
  const attempt = async (): Promise<TrainedModel> => {
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
      stopAfterEpoch: control.stopAfterEpoch,
    };
    return workers > 1 ? await trainInGroup(control, input, workers) : await gpu.trainModel(input);
  };
  return await withRepair(() => control.interruptibly(what, attempt), training.repair);
}
