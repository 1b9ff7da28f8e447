/** Trains models one after another, each as one activity that `pause` and `stopAfterEpoch` may interrupt: students from stored logits, teachers from labels. */
import { gpu } from './activity-proxies';
import type { ImportedModels, TargetSource, TrainedModel } from './contract/activities';
import type { Damage } from './contract/damage';
import type { Augment, DistillRun, Student, Taught, TeachRun } from './contract/run-file';
import { mending } from './mending';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';

export interface Training {
  run: DistillRun | TeachRun;
  corpus: PreparedCorpus;
  chunkSeconds: number;
  models: ImportedModels;
  settings: (Student | Taught)[];
  targets: TargetSource;
  augment: Augment;
  /** Makes again what a training finds damaged. */
  mend: (damage: Damage) => Promise<unknown>;
}

export async function trainModels(control: RunControl, stageName: 'distill' | 'teach', training: Training): Promise<TrainedModel[]> {
  const { run, corpus, chunkSeconds, models, targets, augment } = training;
  return await control.stage(stageName, training.settings.length, async (stage) => {
    const trained: TrainedModel[] = [];
    for (const settings of training.settings) {
      control.showStudent(settings.name);
      const train = (): Promise<TrainedModel> =>
        gpu.trainModel({
          store: run.store,
          planKey: corpus.plan.planKey,
          run: run.name,
          settings,
          init: settings.init === null ? null : (models.inits[settings.init] ?? null),
          targets,
          augment,
          chunkSeconds,
          ensemble: models.teachers,
          hasValidation: corpus.sealed.validation !== null,
          resume: run.resume,
          stopAfterEpoch: control.stopAfterEpoch,
        });
      trained.push(await mending(() => control.interruptibly(train), training.mend));
      stage.done++;
    }
    return trained;
  });
}
