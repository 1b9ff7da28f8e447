/**
 * Tags one clip with one model: the classes of every chunk with their probabilities. Unlike in a
 * run, no short remainder is dropped; each chunk is predicted at its own length.
 */
import { everyChunk, type Chunk } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { topTags, type Tag } from '../../ced/metrics/top-tags';
import type { ModelConfig } from '../../ced/model/config';
import { shortestClipSamples } from '../../ced/model/pieces';
import type { Predictor } from '../../ced/model/predictor';

export interface TaggedChunk {
  /** Seconds from the start of the clip. */
  start: number;
  end: number;
  /** Most probable first. */
  tags: Omit<Tag, 'index'>[];
}

/** Chunks in a batch; each batch size is a graph of its own. */
const BATCH = 8;

/** Seconds: the published 10, or the model's input length where that is less. */
export function defaultChunkSeconds({ target_length: frames }: ModelConfig): number {
  const seconds = (frames - 1) / 100;
  return seconds >= 10 ? 10 : Math.max(1, Math.floor(seconds));
}

export function tagAudio(
  predictor: Predictor,
  pcm: Int16Array,
  { chunkSeconds, top }: { chunkSeconds: number; top: number },
): TaggedChunk[] {
  const { config } = predictor;
  const chunkSamples = Math.round(chunkSeconds * sampleRate);
  const chunks = everyChunk(pcm.length, chunkSamples, shortestClipSamples(config));
  const tagged: TaggedChunk[] = [];
  for (const group of equalLengths(chunks)) {
    const { length } = group[0]!;
    const together = new Int16Array(group.length * length);
    group.forEach(({ start }, row) =>
      together.set(pcm.subarray(start, start + length), row * length),
    );
    const scores = predictor.probabilities({
      pcm: together,
      batch: group.length,
      samples: length,
      // The last chunk has another length in every file: functions for its length would pile up.
      lengths: length === chunkSamples ? undefined : Int32Array.of(length),
      masks: null,
    });
    group.forEach(({ start }, row) => {
      const own = scores.subarray(row * config.outputdim, (row + 1) * config.outputdim);
      tagged.push({
        start: start / sampleRate,
        end: (start + length) / sampleRate,
        tags: topTags(own, config.id2label, top).map(({ label, probability }) => ({
          label,
          probability,
        })),
      });
    });
  }
  return tagged;
}

function equalLengths(chunks: readonly Chunk[]): Chunk[][] {
  const groups: Chunk[][] = [];
  for (const chunk of chunks) {
    const open = groups.at(-1);
    if (open !== undefined && open.length < BATCH && open[0]!.length === chunk.length)
      open.push(chunk);
    else groups.push([chunk]);
  }
  return groups;
}
