/**
 * Median over neighbouring hops, for each class: removes what stands out, and gaps, for less than
 * half its length. The first and the last hop also stand for those beyond the recording.
 */
export class MedianFilter {
  private readonly rows: Float32Array[] = [];
  private readonly half: number;
  private readonly sorted: Float32Array;

  /**
   * @param length in hops, odd; 1 = no filter
   * @throws RangeError
   */
  constructor(private readonly length: number) {
    if (!(Number.isInteger(length) && length % 2 === 1 && length > 0))
      throw new RangeError(`no median of ${length} hops: expected an odd number`);
    this.half = (length - 1) / 2;
    this.sorted = new Float32Array(length);
  }

  /**
   * @param row float32 [classes] of the next hop
   * @returns the filtered row of the hop `(length - 1) / 2` before it; null where there is none
   */
  push(row: Float32Array): Float32Array | null {
    if (this.rows.length === 0) for (let hop = 0; hop < this.half; hop++) this.rows.push(row);
    return this.add(row);
  }

  /** The filtered rows of the last hops. */
  *end(): Generator<Float32Array> {
    const last = this.rows.at(-1);
    if (last === undefined) return;
    for (let hop = 0; hop < this.half; hop++) {
      const filtered = this.add(last);
      if (filtered !== null) yield filtered;
    }
  }

  private add(row: Float32Array): Float32Array | null {
    this.rows.push(row);
    if (this.rows.length < this.length) return null;
    const filtered = row.map((_, index) => this.median(index));
    this.rows.shift();
    return filtered;
  }

  private median(index: number): number {
    this.rows.forEach((row, hop) => (this.sorted[hop] = row[index]!));
    return this.sorted.sort()[this.half]!;
  }
}
