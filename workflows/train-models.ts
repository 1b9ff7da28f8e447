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

interface Trained {
  trained: TrainedModel[];
  /** Makes one of them again, from its last checkpoint, or whatever else is damaged. */
  mend: (damage: Damage) => Promise<unknown>;
}

export async function trainModels(control: RunControl, stageName: 'distill' | 'teach', training: Training): Promise<Trained> {
  const { run, corpus, chunkSeconds, models, targets, augment } = training;
  const train = (settings: Student | Taught, what: 'training' | 'other'): Promise<TrainedModel> => {
    const attempt = (): Promise<TrainedModel> =>
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
    return mending(() => control.interruptibly(what, attempt), training.mend);
  };
  const trained = control.kept<TrainedModel[]>(stageName, []);
  await control.stage(stageName, training.settings.length, async (stage) => {
    for (const settings of training.settings.slice(trained.length)) {
      control.showStudent(settings.name);
      trained.push(await train(settings, 'training'));
      stage.done++;
    }
  });
  const mend = (damage: Damage): Promise<unknown> => {
    const damaged = damage.kind === 'model' ? trained.findIndex(({ sha256 }) => sha256 === damage.sha256) : -1;
    const settings = training.settings[damaged];
    // In the middle of another stage the history cannot be left behind.
    return settings ? train(settings, 'other') : training.mend(damage);
  };
  return { trained, mend };
}
