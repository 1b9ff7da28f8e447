/** Recognizes what lies at a place and reads it as a dataset. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isUri } from '../../../ced/corpus/address';
import type { SourceOptions } from '../../../storage/sources/source';
import { UsageError } from '../../../infra/command-line/usage-error';
import { audioFiles } from './audio-files';
import { readClassFolders } from './class-folders';
import type { Dataset } from './dataset';
import { readHubDataset } from './hub-dataset';
import { readParquetFiles } from './parquet-files';
import { readSideCars, sideCarsOf } from './side-cars';
import { readTableFiles } from './table-files';
import { kindOf, unpack } from './unpack';
import { filesBelow, PARQUET, TAR } from './table-places';
import { readWebDataset } from './webdataset-shards';

/**
 * @param place folder or archive, or `hf://datasets/organisation/repository`
 * @param cache folder that archives are unpacked into
 * @throws {UsageError} when nothing there can be read as a dataset
 */
export async function findDataset(
  place: string,
  cache: string,
  sources: SourceOptions,
): Promise<Dataset> {
  if (isUri(place)) return await readHubDataset(place, sources);
  const found = await stat(place).catch(() => null);
  if (!found) throw new UsageError(`ced init: ${place} does not exist`);
  if (found.isFile()) {
    if (PARQUET.test(place)) return await readParquetFiles(dirname(place), [place], sources);
    const isTar = TAR.test(place) && (await kindOf(place)) === 'tar';
    const shard = isTar ? await readLabelledShard(place, sources) : null;
    if (shard) return shard;
    const folder = await withinSingleFolder(await unpack(place, cache));
    const dataset = await findDataset(folder, cache, sources);
    return { ...dataset, layout: `${dataset.layout}, unpacked from ${basename(place)}` };
  }
  const { files, others } = await audioFiles(place);
  const sideCars = sideCarsOf(files, others);
  const isSideCar = new Set([...sideCars.values()].flat().map((path) => join(place, path)));
  const tables = await readTableFiles(place, sources, (path) => isSideCar.has(path));
  if (tables) return tables;
  const labelled = await readSideCars(place, files, sideCars, sources);
  if (labelled) return labelled;
  const shards = files.length === 0 ? await filesBelow(place, TAR) : [];
  const webDataset = await readWebDataset(place, shards, sources, { mayBeUnlabelled: true });
  if (webDataset) return webDataset;
  const parquet = files.length === 0 ? await filesBelow(place, PARQUET) : [];
  if (parquet.length > 0) return await readParquetFiles(place, parquet, sources);
  if (files.length === 0)
    throw new UsageError(
      `ced init: ${place} holds no audio files and no table that names some; ` +
        'expected a folder a class, audio beside a CSV, TSV or JSONL, or an archive of these',
    );
  const dataset = await readClassFolders(place, files);
  const [first] = others;
  if (first !== undefined)
    dataset.notes.push(
      `${others.length} files are left out: no audio by their names, for example ${first}`,
    );
  return dataset;
}

/** A tar whose audio has no labels beside it is an archive like others. */
async function readLabelledShard(place: string, sources: SourceOptions): Promise<Dataset | null> {
  const options = { mayBeUnlabelled: false };
  return await readWebDataset(dirname(place), [place], sources, options);
}

/** Archives mostly hold one folder that is named like them. */
async function withinSingleFolder(folder: string): Promise<string> {
  const [only, ...others] = await readdir(folder, { withFileTypes: true });
  return only?.isDirectory() && others.length === 0
    ? await withinSingleFolder(join(folder, only.name))
    : folder;
}
