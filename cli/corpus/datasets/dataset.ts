/** A dataset as `ced init` finds it, before it becomes tables. */
import type { ByteRange } from '../../../ced/corpus/address';
import type { ParquetCell, Segment } from '../../../ced/corpus/table-row';
import type { NamedSplit } from './split-names';

export interface DatasetClip {
  clip: string;
  /** Absolute path or URI. */
  audio: string;
  segment?: Segment;
  /** Where it lies in `audio`, of a Parquet or tar file, and how a table says so. */
  embedded?: {
    at: { row: number } | { member: string };
    range: ByteRange;
    cell?: ParquetCell;
  };
  /** Class names; null where the dataset states none. */
  labels: string[] | null;
  /** As the dataset states it; null where it states none. */
  split: NamedSplit | null;
  /** Clips of one recording share it. */
  group: string;
  /** The clip's own group, where only a number tells the clips of `group` apart. */
  ownGroup?: string;
}

export interface Dataset {
  /** Which layout was recognized, for people. */
  layout: string;
  clips: DatasetClip[];
  /** Machine ids of classes, where the dataset has them. */
  mids?: ReadonlyMap<string, string>;
  /** Names of a class's parent classes, where an ontology states any. */
  hierarchy?: (name: string) => readonly string[];
  /** What was decided or passed over, a sentence each. */
  notes: string[];
}
