/** Whether stored rows are those of the clips that they lie beside. */
import { drawAugmentation, type AugmentConfig } from '../augment/parameters';
import type { LogitTable } from './logit-table';

/** A clip of an audio shard, in the shard's order. */
export interface DrawnClip {
  /** Hex, of its samples. */
  readonly sha256: string;
  readonly chunks: readonly { readonly length: number }[];
}

/**
 * Augmentation is a pure function of the seed and the clip's content, so a row of another clip, or
 * of another seed, holds other parameters. Views without shift and mask tell nothing.
 * @returns the first row whose stored parameters are not what its clip, chunk and view draw; −1
 *   where every row's are
 */
export function firstForeignRow(
  table: LogitTable,
  clips: readonly DrawnClip[],
  { seed, augment }: { readonly seed: number; readonly augment: AugmentConfig },
): number {
  for (let row = 0; row < table.rows; row++) {
    const [chunk, view] = [table.chunk[row]!, table.view[row]!];
    const clip = clips[table.clip[row]!];
    const length = clip?.chunks[chunk]?.length;
    if (clip === undefined || length === undefined) return row;
    const identity = { seed, clipSha256: clip.sha256, chunk, view };
    const drawn = drawAugmentation(augment, identity, length);
    if (
      drawn.shift !== table.shift[row] ||
      drawn.timeStart !== table.timeStart[row] ||
      drawn.timeWidth !== table.timeWidth[row] ||
      drawn.freqStart !== table.freqStart[row] ||
      drawn.freqWidth !== table.freqWidth[row]
    )
      return row;
  }
  return -1;
}
