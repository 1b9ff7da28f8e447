/** A row of a corpus table. */
import { z } from 'zod';
import type { ByteRange } from './address';
import type { Label } from './label-list';

/** Part of a recording, in seconds from its beginning; `end` is not part of it. */
export interface Segment {
  start: number;
  end: number;
}

/** A value of a column chunk of a Parquet file, whose place is the clip's `range`. */
export interface ParquetCell {
  row: number;
  /** Of the row group. */
  rows: number;
  codec: string;
  /** For the column, and the struct around it before, whether it may be null. */
  optional: boolean[];
}

/** What a published table says of splits. Runs do not use it; `ced init` does. */
export interface StatedSplit {
  split?: string;
  fold?: number;
  /** Clips of one recording share it. */
  group?: string;
}

export interface TableRow {
  clip: string;
  /** Absolute path or URI of the audio. */
  audio: string;
  /** Where it lies inside `audio`; absent = the whole of it. */
  range?: ByteRange;
  /** The row of a Parquet file that holds the audio, counted from 0. */
  row?: number;
  /** The name of the member of a tar file that holds the audio. */
  member?: string;
  /** Which value of `range` it is, of a Parquet file. */
  cell?: ParquetCell;
  /** The part of the decoded recording that is the clip; absent = all of it. */
  segment?: Segment;
  /**
   * Path as the table writes it, where it is relative to a folder: the table's own, or another that
   * a dataset's layout or the run's root suggests.
   */
  written?: string;
  /**
   * File names without ending under which datasets store the clip, where `written` names no file.
   */
  stems?: string[];
  /** Of AudioSet: the clip's part of its video. Files are taken for cut already. */
  videoSegment?: Segment;
  stated?: StatedSplit;
  /** Further rows of the clip that state another split: a run rejects them. */
  again?: { stated: StatedSplit; labels: Label[] | null }[];
  /** Names, MIDs or indexes; null where the row has no labels. */
  labels: Label[] | null;
}

export interface RejectedRow {
  clip: string;
  reason: string;
}

export interface TableRows {
  rows: TableRow[];
  rejected: RejectedRow[];
  /** What was adapted or passed over, a sentence each. */
  notes: string[];
}

/** Why a row that repeats a clip id is rejected. */
export const DUPLICATE_ID = 'duplicate clip id';

export const LONGEST_CLIP_ID = 512;
const LONGEST_PATH = 4096;

export const clipIdSchema = z.string().min(1).max(LONGEST_CLIP_ID);
export const audioPathSchema = z.string().min(1).max(LONGEST_PATH);

/** @returns why the two numbers are no segment, or null */
export function segmentFault({ start, end }: Segment): string | null {
  if (!(Number.isFinite(start) && start >= 0)) return `start is ${start}, expected seconds from 0`;
  if (!(Number.isFinite(end) && end > start))
    return `end is ${end}, expected seconds above start = ${start}`;
  return null;
}
