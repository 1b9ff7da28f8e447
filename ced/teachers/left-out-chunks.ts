/**
 * Chunks of which a teacher said nothing in some view. A row of zeros, of equal values or of NaN is
 * no target and no score, and students replay every view of a chunk equally often: such a chunk has
 * no rows in the logits, and a clip's score is the mean of its other chunks.
 */
import type { Chunk } from '../audio/chunks';

/** The first of them in a manifest. */
const MOST_NAMED = 100;

interface ChunkRow {
  readonly clip: { readonly clip: string };
  readonly chunk: Chunk;
}

interface NumberedRow extends ChunkRow {
  /** Number in the clip; `chunk` is its place. */
  readonly chunkRow: number;
}

interface NamedFaults {
  /** Of the teacher. */
  readonly name: string;
  /** By row: why it says nothing of it, as the end of a sentence that names the teacher. */
  readonly faults: ReadonlyMap<number, string>;
}

export interface NamedChunk {
  clip: string;
  /** Number in the clip. */
  chunk: number;
  teacher: string;
  /** The end of a sentence that names the teacher. */
  why: string;
}

export interface LeftOut {
  chunks: number;
  /** Views of them. */
  rows: number;
  /** The first of them. */
  named: NamedChunk[];
}

export class LeftOutChunks {
  private readonly reasons = new Map<Chunk, Pick<NamedChunk, 'teacher' | 'why'>>();

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
  notes(rows: readonly NumberedRow[]): LeftOut | null {
    if (this.reasons.size === 0) return null;
    const without = rows.filter(({ chunk }) => this.has(chunk));
    const named = new Map<Chunk, NamedChunk>();
    for (const { clip, chunk, chunkRow } of without)
      if (named.size < MOST_NAMED)
        named.set(chunk, { clip: clip.clip, chunk: chunkRow, ...this.reasons.get(chunk)! });
    return { chunks: this.reasons.size, rows: without.length, named: [...named.values()] };
  }
}
