/**
 * A batch cut into parts that are computed one after the other, so that a large batch fits into a
 * small memory. Clips that mixup mixes with each other (each with its mirror image in the batch)
 * stay together: a part takes as many clips from the front as from the back.
 */
import { rowsOf } from '../model/rows';
import type { TrainingBatch } from './training-batch';

/** At most `count` parts; their order and content depend on the batch's size alone. */
export function microBatches(whole: TrainingBatch, count: number): TrainingBatch[] {
  const { batch, samples, pcm, masks, targets, lambda } = whole;
  const classes = targets.length / batch;
  return microBatchRows(batch, count).map((rows) => ({
    batch: rows.length,
    samples,
    pcm: rowsOf(pcm, rows, samples),
    masks: masks && rowsOf(masks, rows, 4),
    targets: rowsOf(targets, rows, classes),
    lambda: lambda && rowsOf(lambda, rows, 1),
  }));
}

/**
 * Row numbers of each part: row i stands opposite row batch − 1 − i, in the batch as in its part.
 */
export function microBatchRows(batch: number, count: number): number[][] {
  const pairs = Math.ceil(batch / 2);
  const parts: number[][] = [];
  for (let part = 0; part < count; part++) {
    const from = Math.floor((part * pairs) / count);
    const to = Math.floor(((part + 1) * pairs) / count);
    const front = Array.from({ length: to - from }, (_, index) => from + index);
    const back = front.map((row) => batch - 1 - row).filter((row, index) => row !== front[index]);
    if (front.length > 0) parts.push([...front, ...back.reverse()]);
  }
  return parts;
}
