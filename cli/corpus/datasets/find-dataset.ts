/** Recognizes what lies at a place and reads it as a dataset. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { counted } from '../../../ced/counted';
import { isUri } from '../../../ced/corpus/address';
import { foreignContent, LOOKED_AT_BYTES } from '../../../ced/corpus/foreign-content';
import type { SourceOptions } from '../../../storage/sources/source';
import { UsageError } from '../../../infra/command-line/usage-error';
import { brokenLink, irregularKind } from '../../../storage/sources/irregular-file';
import { audioFiles, DEEPEST, isAudio, type AudioFile, type FoundFiles } from './audio-files';
import { readClassFolders } from './class-folders';
import type { Dataset } from './dataset';
import { fileBeginning } from './file-beginning';
import { GZIPPED_TAR } from './gzipped-shards';
import { readHubDataset } from './hub-dataset';
import { readParquetFiles } from './parquet-files';
import { readSideCars, sideCarsOf } from './side-cars';
import { readTableFiles, TABLE } from './table-files';
import { kindOf, PACKED, unpack } from './unpack';
import { splitIn } from './split-names';
import { filesBelow, PARQUET, TAR } from './table-places';
import { readGzippedShards, readWebDataset } from './webdataset-shards';
import { listed } from '../listed';

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
  if (isUri(place)) return await readHubDataset(place, cache, sources);
  const found = await stat(place).catch(() => null);
  if (!found) {
    const { what } = (await brokenLink(place)) ?? {};
    throw new UsageError(`ced init: ${place} ${what ? `is ${what}` : 'does not exist'}`);
  }
  if (found.isFile()) {
    if (PARQUET.test(place)) return await readParquetFiles(dirname(place), [place], sources);
    if (TABLE.test(place) || isAudio(place))
      throw new UsageError(
        `ced init: ${place} is ${isAudio(place) ? 'one recording' : 'a table'}; name the folder ` +
          `that holds it: ced init ${dirname(place)}`,
      );
    const isTar = TAR.test(place) && (await kindOf(place)) === 'tar';
    const shard = isTar ? await readLabelledShard(place, sources) : null;
    if (shard) return shard;
    const unpacked = await unpack(place, cache);
    const folder = await withinSingleFolder(unpacked.folder);
    const dataset = await findDataset(folder, cache, sources).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      const message = error.message.replace(folder, place);
      throw new UsageError([message, ...unpacked.notes].join('; '));
    });
    const notes = [...dataset.notes, ...unpacked.notes];
    return { ...dataset, layout: `${dataset.layout}, unpacked from ${basename(place)}`, notes };
  }
  if (!found.isDirectory()) {
    const { what } = irregularKind(found)!;
    throw new UsageError(`ced init: ${place} is ${what}; expected a folder, a file or an address`);
  }
  return await readFolder(place, cache, sources);
}

async function readFolder(place: string, cache: string, sources: SourceOptions): Promise<Dataset> {
  const below = await audioFiles(place);
  const notes = irregularNotes(below);
  const dataset = await datasetAmong(place, below, cache, sources).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError([error.message, ...notes].join('; '));
  });
  return { ...dataset, notes: [...dataset.notes, ...notes] };
}

async function datasetAmong(
  place: string,
  { files, others, empty }: FoundFiles,
  cache: string,
  sources: SourceOptions,
): Promise<Dataset> {
  const sideCars = sideCarsOf(files, others);
  const isSideCar = new Set([...sideCars.values()].flat().map((path) => join(place, path)));
  const { dataset: tables, unused } = await readTableFiles(place, sources, (path) =>
    isSideCar.has(path),
  );
  if (tables && !isListOfClasses(tables, files)) return tables;
  const labelled = await readSideCars(place, files, sideCars, sources);
  if (labelled) return labelled;
  const shards = files.length === 0 ? await filesBelow(place, TAR) : [];
  const gzipped = files.length + shards.length === 0 ? await filesBelow(place, GZIPPED_TAR) : [];
  const webDataset =
    gzipped.length > 0
      ? await readGzippedShards(place, gzipped, cache, sources)
      : await readWebDataset(place, shards, sources, { mayBeUnlabelled: true });
  if (webDataset) return webDataset;
  const parquet = files.length === 0 ? await filesBelow(place, PARQUET) : [];
  if (parquet.length > 0) return await readParquetFiles(place, parquet, sources);
  if (files.length === 0)
    throw new UsageError(
      [
        `ced init: ${place} holds no audio files and no table that names some; ` +
          'expected a folder a class, audio beside a CSV, TSV or JSONL, or an archive of these',
        ...(await packedAmong(place, others)),
        ...unused,
      ].join('; '),
    );
  const dataset = await readClassFolders(place, files);
  // The folder of all audio is no class where a table was meant to name the classes.
  const folders = new Set(dataset.clips.flatMap(({ labels }) => labels ?? []));
  if (unused.length > 0 && folders.size === 1)
    throw new UsageError(`ced init: ${place}: ${unused.join('; ')}`);
  dataset.notes.push(...unused);
  if (tables) dataset.notes.push('tables beside the folders name no labels and are not used');
  if (empty.length > 0)
    dataset.notes.push(
      counted(empty.length, 'folder is empty, and no class', 'folders are empty, and no classes') +
        `: ${listed(empty)}`,
    );
  const [first] = others;
  if (first !== undefined)
    dataset.notes.push(
      counted(
        others.length,
        'file is left out: no audio by its name',
        'files are left out: no audio by their names',
      ) + `, for example ${first}`,
    );
  return dataset;
}

/** Links that lead nowhere, pipes and the like, whatever their names. */
function irregularNotes({ irregular, tooDeep }: FoundFiles): string[] {
  const deep =
    tooDeep.length === 0
      ? []
      : [
          counted(tooDeep.length, 'folder lies', 'folders lie') +
            ` more than ${DEEPEST} folders deep, and what is in ` +
            `${tooDeep.length === 1 ? 'it' : 'them'} is left out: ${listed(tooDeep)}; move the ` +
            'audio up',
        ];
  if (irregular.length === 0) return deep;
  const names = irregular.map(({ path, what }) => `${path} (${what})`);
  const count = counted(irregular.length, 'name is no file and is', 'names are no files and are');
  return [`${count} left out: ${listed(names)}`, ...deep];
}

/** Names the first archive that would have to be unpacked, with its remedy. */
async function packedAmong(place: string, others: readonly string[]): Promise<string[]> {
  const packed = others.filter((path) => PACKED.test(path));
  const [first] = packed;
  if (first === undefined) return [];
  const foreign = foreignContent(await fileBeginning(join(place, first), LOOKED_AT_BYTES));
  const isOne = packed.length === 1;
  const remedy = isOne && foreign ? foreign.remedy : `unpack ${isOne ? 'it' : 'them'}`;
  const what = `${foreign ? `it is ${foreign.what}; ` : ''}${remedy}`;
  return [
    `of ${counted(packed.length, 'packed file', 'packed files')} the first is ${first}: ${what}`,
  ];
}

/** Several class folders say more than a table that lists their files without labels. */
function isListOfClasses(tables: Dataset, files: readonly AudioFile[]): boolean {
  if (tables.clips.some(({ labels }) => labels !== null)) return false;
  const firsts = new Set(files.map(({ folders }) => folders[0]));
  const areClasses = [...firsts].every(
    (name) => name !== undefined && !/audio|clips|wav/i.test(name) && splitIn(name) === null,
  );
  return areClasses && firsts.size > 1;
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
