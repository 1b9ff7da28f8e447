/**
 * How a batch is cut: into parts that are computed one after the other, so that a large batch fits
 * into a small memory, and each of these into branches that are computed at once
 * (`engine/branches.ts`). Clips that mixup mixes with each other (each with its mirror image in the
 * batch) stay together: a part takes as many clips from the front as from the back.
 */
import type { RowRange } from '../engine/branches';
import { rowsOf } from '../model/rows';
import type { TrainingBatch } from './training-batch';

/**
 * At most `count` parts, of which those in `wanted`; their order and content depend on the batch's
 * size alone.
 */
export function microBatches(
  whole: TrainingBatch,
  count: number,
  wanted: RowRange,
): TrainingBatch[] {
  const { batch, samples, pcm, masks, targets, lambda } = whole;
  const classes = targets.length / batch;
  const parts = microBatchRows(batch, count).slice(wanted.from, wanted.to);
  return parts.map((rows) => ({
    batch: rows.length,
    samples,
    pcm: rowsOf(pcm, rows, samples),
    masks: masks && rowsOf(masks, rows, 4),
    targets: rowsOf(targets, rows, classes),
    lambda: lambda && rowsOf(lambda, rows, 1),
  }));
}

/** Row numbers of each part, see `mirroredRanges`. */
export function microBatchRows(batch: number, count: number): number[][] {
  return mirroredRanges(batch, count).map((ranges) =>
    ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)),
  );
}

/**
 * At most `count` parts, each some rows from the front and the rows opposite them: row i stands
 * opposite row batch − 1 − i, in the batch as in its part.
 */
export function mirroredRanges(batch: number, count: number): RowRange[][] {
  const pairs = Math.ceil(batch / 2);
  const parts = Array.from({ length: count }, (_, part) => {
    const front = {
      from: Math.floor((part * pairs) / count),
      to: Math.floor(((part + 1) * pairs) / count),
    };
    // The row in the middle of an odd number stands opposite itself.
    const back = { from: Math.max(front.to, batch - front.to), to: batch - front.from };
    return [front, back].filter(({ from, to }) => from < to);
  });
  return parts.filter((ranges) => ranges.length > 0);
}
