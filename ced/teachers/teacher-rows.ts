/**
 * What a teacher in another process predicts of an audio shard: a row for each view of each chunk,
 * its place in the shard at the teacher's sample rate, and its augmentation as numbers, so that no
 * worker draws any itself.
 */
import { chunkAtRate, shiftAtRate } from '../audio/sample-rates';
import type { Chunk } from '../audio/chunks';
import { encodeNpyInt64Table } from '../audio/npy';
import type { AugmentConfig } from '../augment/parameters';
import { drawViews, type ViewsSettings } from '../logits/views';

/** Columns of a row, in order. Samples are at the teacher's rate, frames are of 10 ms. */
const COLUMNS = [
  'clip',
  'chunk',
  'view',
  /** Of the chunk, from the start of the shard's samples. */
  'offset',
  'samples',
  /** Circular, to the right; 0 = none. */
  'shift',
  'timeStart',
  'timeWidth',
  'freqStart',
  'freqWidth',
] as const;

export interface RowsClip {
  /** Hex SHA-256 of its samples at 16 kHz. */
  readonly sha256: string;
  /** At 16 kHz. */
  readonly chunks: readonly Chunk[];
  /** In the shard at the teacher's rate. */
  readonly offset: number;
}

/** One view of every chunk as it is, for scores. */
export const CLEAN_VIEW: ViewsSettings = {
  views: 1,
  seed: 0,
  augment: {
    shift: { maxFraction: 0, probability: 0 },
    timeMask: { maxFrames: 0 },
    freqMask: { maxBins: 0 },
  } satisfies AugmentConfig,
};

/**
 * Sorted by clip, chunk and view.
 * @param clips in the order of the shard's table
 * @param rate Hz, of the teacher
 * @returns the file: `.npy`, int64 [rows, 10], see COLUMNS; and its number of rows
 */
export function encodeTeacherRows(
  clips: readonly RowsClip[],
  settings: ViewsSettings,
  rate: number,
): { bytes: Uint8Array; rows: number } {
  const table = teacherRows(clips, settings, rate);
  const bytes = encodeNpyInt64Table(table, COLUMNS.length);
  return { bytes, rows: table.length / COLUMNS.length };
}

/** The numbers of the file. */
export function teacherRows(
  clips: readonly RowsClip[],
  settings: ViewsSettings,
  rate: number,
): BigInt64Array {
  const chunks = clips.reduce((sum, clip) => sum + clip.chunks.length, 0);
  const width = COLUMNS.length;
  const rows = new BigInt64Array(chunks * settings.views * width);
  let row = 0;
  for (const { clip, clipRow, chunkRow, chunk, view, parameters } of drawViews(clips, settings)) {
    const { start, length } = chunkAtRate(chunk, rate);
    const shift = shiftAtRate(parameters.shift, rate, length);
    const { timeStart, timeWidth, freqStart, freqWidth } = parameters;
    const place = [clipRow, chunkRow, view, clip.offset + start, length];
    const values = [...place, shift, timeStart, timeWidth, freqStart, freqWidth];
    values.forEach((value, column) => (rows[row * width + column] = BigInt(value)));
    row++;
  }
  return rows;
}
