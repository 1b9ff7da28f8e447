/** Reading for training: the batches of an epoch, without their steps. */
import { LabelledTargets } from '../../jobs/train/labelled-targets';
import { trainingRows, TrainingSet, type TargetRows } from '../../jobs/train/training-set';
import { chunkSamples, CorpusAudio } from '../../storage/corpus/corpus-audio';
import { growthCorpus, type CorpusSize } from './corpus';
import { bySizesOfCorpus } from './subject';

async function epoch(folder: string, size: CorpusSize) {
  const { context, input } = await growthCorpus(folder, size);
  const { augment, seed, chunkSeconds } = input.settings;
  const labelled = new LabelledTargets({ augment, seed });
  const targets: TargetRows = {
    augmentation: (row, index, at) => labelled.augmentation(row, index, at),
    writeTargets: (_row, _index, _epoch, out, at) => void (out[at] = 1),
  };
  return async () => {
    const audio = await CorpusAudio.open(context.store, input.planKey, 'train', { job: context });
    const settings = { batchSize: 16, mixup: 0.5, seed, samples: chunkSamples(chunkSeconds) };
    const set = new TrainingSet(audio, trainingRows(audio), targets, settings);
    for (let step = 0; step < set.stepsPerEpoch; step++) await set.batch(0, step);
    await audio.close();
  };
}

export const readingSubjects = bySizesOfCorpus('reading for training', epoch);
