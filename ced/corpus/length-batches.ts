/**
 * Groups chunks of equal length into batches, so that every batch has one shape and no chunk is
 * padded: teachers hear each chunk at its own length. Which rows share a batch depends on the order
 * of the chunks alone.
 */
export interface LengthBatch<T> {
  /** int16 [rows, samples] */
  pcm: Int16Array;
  rows: number;
  samples: number;
  items: T[];
}

export class LengthBatches<T> {
  private readonly filling = new Map<number, LengthBatch<T>>();

  constructor(private readonly size: number) {}

  /**
   * Adds a chunk of `samples` samples, which `fill` writes at an offset; returns the batch when
   * that filled it.
   */
  add(
    samples: number,
    item: T,
    fill: (out: Int16Array, at: number) => void,
  ): LengthBatch<T> | null {
    const batch = this.filling.get(samples) ?? {
      pcm: new Int16Array(this.size * samples),
      rows: 0,
      samples,
      items: [],
    };
    this.filling.set(samples, batch);
    fill(batch.pcm, batch.rows * samples);
    batch.items.push(item);
    batch.rows++;
    if (batch.rows < this.size) return null;
    this.filling.delete(samples);
    return batch;
  }

  /** The batches that are not full, cut to their rows, shortest chunks first. */
  rest(): LengthBatch<T>[] {
    const rest = [...this.filling.values()].sort((a, b) => a.samples - b.samples);
    this.filling.clear();
    return rest.map((batch) => ({
      ...batch,
      pcm: batch.pcm.subarray(0, batch.rows * batch.samples),
    }));
  }
}
