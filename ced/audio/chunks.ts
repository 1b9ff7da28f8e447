/**
 * How a clip is cut. Chunks don't overlap; a remainder of at least half a chunk is kept at its own
 * length, a shorter one is dropped, and a clip shorter than a chunk is one chunk. The published
 * code cuts the same way.
 */
import { sampleRate } from './mono16k';

/** Samples at 16 kHz from the start of the clip. */
export interface Chunk {
  readonly start: number;
  readonly length: number;
}

/**
 * @param samples length of the clip at 16 kHz; 0 yields no chunk
 * @throws RangeError when a chunk would be shorter than one sample
 */
export function chunkPlan(samples: number, chunkSeconds: number): Chunk[] {
  const chunkSamples = Math.round(chunkSeconds * sampleRate);
  if (!(chunkSamples >= 1)) throw new RangeError(`no chunks of ${chunkSeconds} seconds`);
  if (samples > 0 && samples < chunkSamples) return [{ start: 0, length: samples }];
  const chunks = Array.from({ length: Math.floor(samples / chunkSamples) }, (_, chunk) => ({
    start: chunk * chunkSamples,
    length: chunkSamples,
  }));
  const remainder = samples % chunkSamples;
  if (2 * remainder >= chunkSamples) chunks.push({ start: samples - remainder, length: remainder });
  return chunks;
}

/**
 * Chunks end to end. A remainder shorter than one patch starts earlier and overlaps the chunk
 * before it.
 * @throws RangeError when the whole clip, or a chunk, is shorter than one patch
 */
export function everyChunk(samples: number, chunkSamples: number, shortest: number): Chunk[] {
  if (!(chunkSamples >= shortest))
    throw new RangeError(`no chunks of ${chunkSamples} samples: the model needs ${shortest}`);
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
