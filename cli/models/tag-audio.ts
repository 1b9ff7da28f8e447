/**
 * Tags one clip with one model: the classes of every chunk with their probabilities. Unlike in a
 * run, no short remainder is dropped; each chunk is predicted at its own length.
 */
import { sampleRate } from '../../ced/audio/mono16k';
import type { Chunk } from '../../ced/audio/chunks';
import type { ModelConfig } from '../../ced/model/config';
import { shortestClipSamples } from '../../ced/model/pieces';
import type { Predictor } from '../../ced/model/predictor';

export interface TaggedChunk {
  /** Seconds from the start of the clip. */
  start: number;
  end: number;
  /** Most probable first. */
  tags: { label: string; probability: number }[];
}

/** Chunks in a batch; each batch size is a graph of its own. */
const BATCH = 8;

/** Seconds: the published 10, or the model's input length where that is less. */
export function defaultChunkSeconds({ target_length: frames }: ModelConfig): number {
  const seconds = (frames - 1) / 100;
  return seconds >= 10 ? 10 : Math.max(1, Math.floor(seconds));
}

/**
 * Chunks end to end. A remainder shorter than one patch starts earlier and overlaps the chunk
 * before it.
 * @throws RangeError when the whole clip is shorter than one patch
 */
export function everyChunk(samples: number, chunkSamples: number, shortest: number): Chunk[] {
  if (samples < shortest)
    throw new RangeError(`${samples} samples at 16 kHz are too short: the model needs ${shortest}`);
  const chunks: Chunk[] = [];
  for (let start = 0; start < samples; start += chunkSamples)
    chunks.push({ start, length: Math.min(chunkSamples, samples - start) });
  const last = chunks.at(-1)!;
  if (last.length < shortest)
    chunks[chunks.length - 1] = { start: samples - shortest, length: shortest };
  return chunks;
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
        tags: bestClasses(own, config, top).map(({ label, probability }) => ({
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

/** @returns the classes of the `top` highest scores, the highest first; of equals the first */
export function bestClasses(
  scores: Float32Array,
  config: ModelConfig,
  top: number,
): { index: number; label: string; probability: number }[] {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, top).map((index) => ({
    index,
    label: className(config, index),
    probability: scores[index]!,
  }));
}

/** As the model's configuration names it, else by its number. */
export function className({ id2label }: ModelConfig, index: number): string {
  return id2label?.[index] ?? `class ${index}`;
}
