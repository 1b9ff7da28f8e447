/**
 * Datasets of Parquet files with embedded audio, in a folder or on the hub. Splits are those that
 * names of files and folders state, as the hub reads them:
 * https://huggingface.co/docs/hub/datasets-file-names-and-splits
 */
import { readdir } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { readTables } from '../../../activities/plan/read-table';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { SplitName } from '../../../ced/corpus/split-clips';
import { UsageError } from '../../../infra/command-line/usage-error';
import { listHubFiles } from '../../../storage/sources/hub-files';
import { SourceUnreadable, type SourceOptions } from '../../../storage/sources/source';
import { splitOf } from './class-folders';
import { namesOf } from './class-names';
import type { Dataset, DatasetClip } from './dataset';

const PARQUET = /\.parquet$/i;

/** The dataset of a repository of the hub, or of a folder in it. @throws {UsageError} */
export async function readHubDataset(place: string, sources: SourceOptions): Promise<Dataset> {
  const files = await listHubFiles(place, sources).catch((error: unknown) => {
    throw error instanceof SourceUnreadable ? new UsageError(`ced init: ${error.message}`) : error;
  });
  const parquet = files.filter((file) => PARQUET.test(file));
  if (parquet.length === 0)
    throw new UsageError(
      `ced init: ${place} holds ${files.length} files and no Parquet among them; name its shards ` +
        `or tables in a run file, such as "train": "${place}/train-*.tar", or download it`,
    );
  return await readParquetFiles(place, parquet, sources);
}

/** The Parquet files below a folder. */
export async function parquetIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => PARQUET.test(name) && !/(?:^|\/)\./.test(name))
    .sort()
    .map((name) => join(folder, name));
}

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
    const name = file.replace(/[{}]/g, '\\$&');
    const table = await readTables('/', place, name, sources).catch((error: unknown) => {
      throw new UsageError(`ced init: ${(error as Error).message}`);
    });
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
        ...(row !== undefined && range && cell ? { embedded: { row, range, cell } } : {}),
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
const NO_NAMES = { byMid: new Map(), byNumber: new Map(), mids: new Map() };

/** By the words of the file's name, else of its folders, the innermost first. */
function splitIn(path: string): SplitName | null {
  for (const part of path.split('/').reverse())
    for (const word of part.split(/[^A-Za-z]+/)) {
      const split = splitOf(word);
      if (split !== null) return split;
    }
  return null;
}

/** A repository may hold a dataset a folder; folders of splits belong to one. */
function refuseSeveral(place: string, files: readonly string[]): void {
  const folders = new Set(
    files.map((file) =>
      file
        .slice(place.length)
        .split('/')
        .slice(0, -1)
        .filter((part) => part !== '' && splitIn(part) === null)
        .join('/'),
    ),
  );
  if (folders.size < 2) return;
  throw new UsageError(
    `ced init: ${place} holds several datasets, in the folders ` +
      `${[...folders].map((folder) => folder || '.').join(', ')}; name one of them: ` +
      `ced init ${place}/${[...folders].find((folder) => folder !== '')}`,
  );
}
