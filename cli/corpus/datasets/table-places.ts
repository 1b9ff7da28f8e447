/** Files of many clips, Parquet and tar, below a folder or at an address. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTables } from '../../../activities/plan/read-table';
import type { TableRows } from '../../../ced/corpus/table-row';
import { UsageError } from '../../../infra/command-line/usage-error';
import { irregularFile } from '../../../storage/sources/irregular-file';
import type { SourceOptions } from '../../../storage/sources/source';
import { splitIn } from './split-names';

export const PARQUET = /\.parquet$/i;
export const TAR = /\.tar$/i;

/**
 * The files below a folder whose names match, but for hidden ones. Pipes and the like are left out.
 * @throws {UsageError} where only such match
 */
export async function filesBelow(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const paths = names
    .filter((name) => pattern.test(name) && !/(?:^|\/)\./.test(name))
    .sort()
    .map((name) => join(folder, name));
  const kinds = await Promise.all(paths.map(irregularFile));
  const files = paths.filter((_, at) => kinds[at] === null);
  const at = kinds.findIndex((kind) => kind !== null && kind.what !== 'a folder');
  if (files.length === 0 && at >= 0)
    throw new UsageError(`ced init: ${paths[at]} is ${kinds[at]!.what}; ${kinds[at]!.remedy}`);
  return files;
}

/** @throws {UsageError} for a file that cannot be read */
export async function readOneTable(file: string, sources: SourceOptions): Promise<TableRows> {
  const name = file.replace(/[{}]/g, '\\$&');
  return await readTables('/', 'ced init', name, sources).catch((error: unknown) => {
    throw new UsageError((error as Error).message);
  });
}

/** A repository may hold a dataset a folder; folders of splits belong to one. */
export function refuseSeveral(place: string, files: readonly string[]): void {
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
