/**
 * Chunks of which a teacher said nothing in some view. A row of zeros, of equal values or of NaN is
 * no target, and students replay every view of a chunk equally often: such a chunk has no rows.
 */
import type { Chunk } from '../../ced/audio/chunks';
import type { LeftOutNotes } from '../../storage/logits/stored-shard';
import type { ChunkRow } from '../chunk-batches';
import type { Prediction } from '../mapped-model';

/** In a shard's manifest. */
const MOST_NAMED = 100;

interface NumberedRow extends ChunkRow {
  /** Number in the clip; `chunk` is its place. */
  chunkRow: number;
}

interface NamedFaults extends Pick<Prediction, 'faults'> {
  /** Of the teacher. */
  name: string;
}

export class LeftOutChunks {
  private readonly reasons = new Map<
    Chunk,
    Pick<LeftOutNotes['named'][number], 'teacher' | 'why'>
  >();

  /**
   * @param outputs of every teacher, for these rows
   * @returns positions of the rows of which every teacher said something
   */
  usable(outputs: readonly NamedFaults[], rows: readonly ChunkRow[]): number[] {
    for (const { name: teacher, faults } of outputs)
      for (const [at, why] of faults) {
        const { chunk } = rows[at]!;
        if (!this.reasons.has(chunk)) this.reasons.set(chunk, { teacher, why });
      }
    return [...rows.keys()].filter((at) => outputs.every(({ faults }) => !faults.has(at)));
  }

  has(chunk: Chunk): boolean {
    return this.reasons.has(chunk);
  }

  /** @param rows of the shard, in order. @returns null where no chunk is left out */
  notes(rows: readonly NumberedRow[]): LeftOutNotes | null {
    if (this.reasons.size === 0) return null;
    const without = rows.filter(({ chunk }) => this.has(chunk));
    const named = new Map<Chunk, LeftOutNotes['named'][number]>();
    for (const { clip, chunk, chunkRow } of without)
      if (named.size < MOST_NAMED)
        named.set(chunk, { clip: clip.clip, chunk: chunkRow, ...this.reasons.get(chunk)! });
    return { chunks: this.reasons.size, rows: without.length, named: [...named.values()] };
  }
}
