/** A batch of clips as models in evaluation mode take it. */
import { rowsOf } from './rows';

export interface PredictionInput {
  /** [batch, samples] at the model's sample rate. */
  readonly pcm: Int16Array;
  readonly batch: number;
  readonly samples: number;
  /**
   * Samples of each clip, which is at the start of its row; int32 [batch]. Absent where every clip
   * fills its row: such a batch has functions of its own length, compiled where that pays. The
   * others share functions by their number of whole patches.
   */
  readonly lengths?: Int32Array | undefined;
  /** [batch, 4] as for training, null for none. */
  readonly masks: Int32Array | null;
}

/** Some rows of a batch as a batch of their own. */
export function inputRows(
  { pcm, samples, lengths, masks }: PredictionInput,
  rows: readonly number[],
): PredictionInput {
  return {
    pcm: rowsOf(pcm, rows, samples),
    batch: rows.length,
    samples,
    lengths: lengths && rowsOf(lengths, rows, 1),
    masks: masks && rowsOf(masks, rows, 4),
  };
}

/** The rows of each length that occurs, in order. */
export function rowsByLength({ batch, samples, lengths }: PredictionInput): Map<number, number[]> {
  const byLength = new Map<number, number[]>();
  for (let row = 0; row < batch; row++) {
    const length = lengths?.[row] ?? samples;
    const rows = byLength.get(length) ?? [];
    rows.push(row);
    byLength.set(length, rows);
  }
  return byLength;
}
