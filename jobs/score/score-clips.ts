/** Scores of every clip of a split: the mean of its chunks' probabilities, without augmentation. */
import type { PredictionInput } from '../../ced/model/prediction-input';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { chunkBatches, inputFor, type BatchedModel } from '../chunk-batches';
import { throwIfStopped, type JobContext } from '../job-context';

/** The scored model: from the store, or in training. */
export interface ScoredModel extends BatchedModel {
  /** @returns float32 [batch, classes of the vocabulary] */
  probabilities(input: PredictionInput): Float32Array | Promise<Float32Array>;
}

/**
 * @returns float32 [clips, classes] in clip order
 * @throws {EngineStopped} after the batch in progress, when the job was told to stop
 */
export async function scoreClips(
  audio: CorpusAudio,
  model: ScoredModel,
  context: Pick<JobContext, 'onProgress' | 'yieldAndCheckStop' | 'monotonicMs'>,
  phase?: string,
): Promise<Float32Array> {
  const classes = audio.vocabulary.length;
  const scores = new Float32Array(audio.clips.length * classes);
  const chunksLeft = Uint32Array.from(audio.clips, ({ chunks }) => chunks.length);
  const progress = progressMeter('clips', audio.clips.length, context.monotonicMs);
  let done = 0;
  const rows = audio.clips.flatMap((clip, index) =>
    clip.chunks.map((chunk) => ({ clip, index, chunk })),
  );
  for await (const batch of chunkBatches(audio, rows, [model], (_row, pcm, out) => out.set(pcm))) {
    const output = await model.probabilities({ ...inputFor(batch, model), masks: null });
    batch.rows.forEach(({ clip, index }, row) => {
      const { length } = clip.chunks;
      for (let c = 0; c < classes; c++)
        scores[index * classes + c]! += output[row * classes + c]! / length;
      if (--chunksLeft[index]! === 0) done++;
    });
    context.onProgress({ ...progress(done), ...(phase ? { phase } : {}) });
    await throwIfStopped(context);
  }
  return scores;
}
