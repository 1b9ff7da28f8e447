/** Datasets of Parquet files with embedded audio, in a folder or on the hub. */
import { basename, parse } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { SourceOptions } from '../../../storage/sources/source';
import { namesOf, noClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { readOneTable, refuseSeveral, splitIn } from './table-places';

/** @throws {UsageError} when they are several datasets, and for a file that cannot be read */
export async function readParquetFiles(
  place: string,
  files: readonly string[],
  sources: SourceOptions,
): Promise<Dataset> {
  refuseSeveral(place, files);
  const clips: DatasetClip[] = [];
  const notes = new Set<string>();
  const seen = new Set<string>();
  for (const file of files) {
    const table = await readOneTable(file, sources);
    for (const note of table.notes) notes.add(note);
    const [first] = table.rejected;
    if (first)
      notes.add(`${table.rejected.length} rows of ${basename(file)} are left out: ${first.reason}`);
    const split = splitIn(file.slice(place.length));
    for (const { clip: own, audio, row, range, cell, labels } of table.rows) {
      const clip = seen.has(own) ? `${parse(file).name}/${own}` : own;
      seen.add(clip);
      const { group, isNumbered } = sourceGroup(parse(own).name);
      clips.push({
        clip,
        audio,
        ...(row !== undefined && range && cell ? { embedded: { at: { row }, range, cell } } : {}),
        labels: labels && namesOf(labels, NO_NAMES),
        split,
        group,
        ...(isNumbered ? { ownGroup: clip } : {}),
      });
    }
  }
  const count = files.length === 1 ? 'a Parquet file' : `${files.length} Parquet files`;
  return { layout: `${count} as Hugging Face's datasets writes them`, clips, notes: [...notes] };
}

/** Names stand in the files themselves. */
const NO_NAMES = noClassNames();
