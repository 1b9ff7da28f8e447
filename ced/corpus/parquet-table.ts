/**
 * Rows of a Parquet table of clips: each names the place of its audio in the file, and nothing of
 * the audio is read.
 */
import type { Cell } from '../parquet/parquet-excerpt';
import type { ParquetOutline } from '../parquet/parquet-outline';
import { READ_CODECS } from '../parquet/parquet-pages';
import { FormatInvalid } from '../format-invalid';
import type { ByteRange } from './address';
import type { Label } from './label-list';
import type { AudioColumns } from './parquet-columns';
import { clipIdSchema, type ParquetCell } from './table-row';

/** Where each row of the file has its audio, in order: the chunk of its row group, and its cell. */
export class ParquetCells {
  private readonly ends: number[] = [];

  /** @throws {FormatInvalid} when the audio is compressed in a way that is not read */
  constructor(
    private readonly outline: ParquetOutline,
    private readonly column: number,
  ) {
    let end = 0;
    for (const { rows, chunks } of outline.groups) {
      this.ends.push((end += rows));
      const { codec } = chunks[column]!;
      if (!READ_CODECS.includes(codec))
        throw new FormatInvalid(
          'table',
          `its audio is compressed by ${codec}; write it with one of ${READ_CODECS.join(', ')}`,
        );
    }
  }

  /** @returns null for a row that the file has not */
  find(row: number): { range: ByteRange; cell: ParquetCell } | null {
    let [low, high] = [0, this.ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! > row) high = middle;
      else low = middle + 1;
    }
    const group = this.outline.groups[low];
    if (!group || row < 0) return null;
    const { offset, bytes, codec } = group.chunks[this.column]!;
    const { optional } = this.outline.columns[this.column]!;
    const first = this.ends[low]! - group.rows;
    return {
      range: { offset, bytes },
      cell: { row: row - first, rows: group.rows, codec, optional },
    };
  }
}

/** Whether some row has bytes in the column: files of paths have the column too, empty. */
export function holdsBytes({ groups }: ParquetOutline, column: number): boolean {
  return groups.some(({ rows, chunks }) => {
    const { nulls, decompressedBytes } = chunks[column]!;
    // Without statistics: levels and headers of nulls alone are shorter than the shortest audio.
    return nulls === null ? decompressedBytes > 64 * rows : nulls < rows;
  });
}

export interface ParquetClip {
  clip: string;
  row: number;
  /** The file's path or address as the row writes it. */
  path: string | null;
  labels: Label[] | null;
}

/**
 * @param name of the file, for clips without a path
 * @param paths [rows] of the path column, or null without one
 * @param labels [rows] of the label column, or null without one
 */
export function parquetClips(
  name: string,
  rows: number,
  { classNames }: AudioColumns,
  paths: readonly Cell[] | null,
  labels: readonly Cell[] | null,
): ParquetClip[] {
  const seen = new Set<string>();
  return Array.from({ length: rows }, (_, row) => {
    const cell = paths?.[row];
    const path = typeof cell === 'string' && cell !== '' ? cell : null;
    const isId = path !== null && clipIdSchema.safeParse(path).success;
    const own = isId ? path : `${name}:${row}`;
    const clip = seen.has(own) ? `${name}:${row}` : own;
    seen.add(clip);
    return { clip, row, path, labels: labelsOf(labels?.[row] ?? null, classNames) };
  });
}

/** A negative number is `datasets`' way to say that there is no label. */
function labelsOf(cell: Cell, classNames: readonly string[] | null): Label[] | null {
  if (cell === null || cell === '') return null;
  const items = Array.isArray(cell) ? cell : [cell];
  const labels = items.flatMap((item) =>
    typeof item === 'number'
      ? item < 0
        ? []
        : [classNames?.[item] ?? item]
      : typeof item === 'string' && item !== ''
        ? [item]
        : [],
  );
  return labels.length === 0 && !Array.isArray(cell) ? null : labels;
}
