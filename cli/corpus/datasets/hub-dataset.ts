/**
 * Datasets at an address: files or a pattern of them anywhere, and repositories of the hub, whose
 * files can be listed.
 */
import { counted } from '../../../ced/counted';
import { dirname } from 'node:path';
import { tableNames } from '../../../activities/plan/table-names';
import { pathOf } from '../../../ced/corpus/address';
import { UsageError } from '../../../infra/command-line/usage-error';
import { listHubFiles } from '../../../storage/sources/hub-files';
import type { SourceOptions } from '../../../storage/sources/source';
import type { Dataset } from './dataset';
import { GZIPPED_TAR } from './gzipped-shards';
import { readParquetFiles } from './parquet-files';
import { PARQUET, TAR } from './table-places';
import { readGzippedShards, readWebDataset } from './webdataset-shards';

/**
 * @param address of a Parquet file or tar shard, a pattern of these, or a repository of the hub or
 *   a folder in it
 * @param cache folder that gzipped shards are unpacked into
 * @throws {UsageError} when nothing there can be read as a dataset
 */
export async function readHubDataset(
  address: string,
  cache: string,
  sources: SourceOptions,
): Promise<Dataset> {
  const isOfFiles = [PARQUET, TAR, GZIPPED_TAR].some((ending) => ending.test(pathOf(address)));
  const listing = isOfFiles
    ? tableNames('/', 'ced init', address, sources)
    : listHubFiles(address, sources);
  const files = await listing.catch((error: unknown) => {
    const { message } = error as Error;
    throw new UsageError(isOfFiles ? message : `ced init: ${message}`);
  });
  const place = isOfFiles ? folderOf(address) : address;
  const parquet = files.filter((file) => PARQUET.test(pathOf(file)));
  if (parquet.length > 0) return await readParquetFiles(place, parquet, sources);
  const shards = files.filter((file) => TAR.test(pathOf(file)));
  const gzipped = shards.length > 0 ? [] : files.filter((file) => GZIPPED_TAR.test(pathOf(file)));
  const dataset =
    gzipped.length > 0
      ? await readGzippedShards(place, gzipped, cache, sources)
      : await readWebDataset(place, shards, sources, { mayBeUnlabelled: true });
  if (dataset) return dataset;
  throw new UsageError(
    `ced init: ${address} holds ` +
      counted(files.length, 'file', 'files') +
      ', and no Parquet or tar with audio among ' +
      'them; download it and name the folder',
  );
}

/** The folder that a file or all files of a pattern lie below. */
function folderOf(address: string): string {
  const pattern = address.search(/[*{]/);
  return dirname(pattern < 0 ? address : `${address.slice(0, pattern)}x`);
}
