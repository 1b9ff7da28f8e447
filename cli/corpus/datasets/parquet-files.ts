/** Datasets of Parquet files with embedded audio, in a folder or on the hub. */
import { counted } from '../../../ced/counted';
import { basename, parse } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { SourceOptions } from '../../../storage/sources/source';
import { namesOf, noClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { splitIn } from './split-names';
import { readOneTable, refuseSeveral } from './table-places';

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
  let unnamed = 0;
  for (const file of files) {
    const table = await readOneTable(file, sources);
    for (const note of table.notes) notes.add(note);
    const [first] = table.rejected;
    if (first)
      notes.add(
        counted(table.rejected.length, 'row', 'rows') +
          ` of ${basename(file)} left out: ${first.reason}`,
      );
    const below = file.slice(place.length).replace(/^\/|\.parquet$/gi, '');
    const split = splitIn(below);
    for (const { clip: own, audio, row, range, cell, labels } of table.rows) {
      const ids = [own, `${parse(file).name}/${own}`, `${below}/${own}`];
      const clip = ids.find((id) => !seen.has(id)) ?? `${file}/${own}`;
      seen.add(clip);
      // The name of the file of all rows tells nothing of a recording.
      const isUnnamed = own === `${basename(file)}:${row}`;
      if (isUnnamed) unnamed++;
      const { group, isNumbered } = isUnnamed
        ? { group: clip, isNumbered: false }
        : sourceGroup(parse(own).name);
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
  if (unnamed > 0)
    notes.add(
      counted(unnamed, 'row names no file of its own: it', 'rows name no file of their own: each') +
        ' is taken for a recording of its own; ' +
        'where some are pieces of one recording, scores are too good',
    );
  const count = files.length === 1 ? 'a Parquet file' : `${files.length} Parquet files`;
  return { layout: `${count} as Hugging Face's datasets writes them`, clips, notes: [...notes] };
}

/** Names stand in the files themselves. */
const NO_NAMES = noClassNames();
