/**
 * Scores of every clip of a split: the mean of its chunks' probabilities, without augmentation.
 */
import { ClipMeans, type ClipScores } from '../../ced/metrics/clip-means';
import type { PredictionInput } from '../../ced/model/prediction-input';
import type { Prediction } from '../../ced/teachers/prediction';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { chunkBatches, inputFor, type BatchedModel } from '../chunk-batches';
import { throwIfStopped, type JobContext } from '../job-context';

/** The scored model: from the store, or in training. */
export interface ScoredModel extends BatchedModel {
  predict(input: PredictionInput): Prediction | Promise<Prediction>;
}

/**
 * @param name of the model, for chunks of which it says nothing
 * @throws {EngineStopped} after the batch in progress, when the job was told to stop
 */
export async function scoreClips(
  audio: CorpusAudio,
  model: ScoredModel,
  context: Pick<JobContext, 'onProgress' | 'yieldAndCheckStop' | 'monotonicMs'>,
  { name, phase }: { name: string; phase?: string },
): Promise<ClipScores> {
  const means = new ClipMeans(audio.clips, audio.vocabulary.length, name);
  const progress = progressMeter('clips', audio.clips.length, context.monotonicMs);
  const write = (_row: unknown, pcm: Int16Array, out: Int16Array): void => out.set(pcm);
  for await (const batch of chunkBatches(audio, means.chunks, [model], write)) {
    const { values, faults } = await model.predict({ ...inputFor(batch, model), masks: null });
    means.add(batch.rows, values, faults);
    context.onProgress({ ...progress(means.done), ...(phase ? { phase } : {}) });
    await throwIfStopped(context);
  }
  return means.finish();
}
