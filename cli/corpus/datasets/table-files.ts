/**
 * Datasets whose tables name the clips: ESC-50, UrbanSound8K, FSD50K, AudioSet's segments, recipes
 * of AST and PaSST, CED's TSV, or any CSV, TSV or JSONL beside audio files.
 */
import { counted } from '../../../ced/counted';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, relative } from 'node:path';
import { listClips } from '../../../activities/plan/list-clips';
import { readTables } from '../../../activities/plan/read-table';
import { hasAudioEnding } from '../../../ced/audio/audio-names';
import { isSameLabels, type Label } from '../../../ced/corpus/label-list';
import { sourceGroup } from '../../../ced/corpus/source-group';
import { COLUMNS } from '../../../ced/corpus/named-columns';
import { csvField } from '../../../ced/csv-field';
import type { SplitName } from '../../../ced/corpus/split-clips';
import {
  DUPLICATE_ID,
  type RejectedRow,
  type TableRow,
  type TableRows,
} from '../../../ced/corpus/table-row';
import type { SourceOptions } from '../../../storage/sources/source';
import { classFacts, isClassList, namesAudio, namesOf, readClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { fileBeginning } from './file-beginning';
import { heldOutRows } from './held-out-rows';
import { listed } from '../listed';
import { mergeRows } from './merge-rows';
import { splitIn, splitNamed, splitOfFolder, type NamedSplit } from './split-names';

const HEADER_BYTES = 4096;
export const TABLE = /\.(csv|tsv|jsonl|json)$/i;
/** A table where its first line says so: see isTextTable. */
const TEXT = /\.txt$/i;
/** Class lists and settings, not clips. */
const NO_TABLE =
  /^(class_labels_indices|vocabulary|labels|classes|ontology|dataset_infos?|package|config|teach|run)\.(csv|json)$/i;
const TABLE_FOLDERS = /^(meta|metadata|data|datafiles?|lists?|.*ground_truth.*|.*meta.*)$/i;

/** Its two lists of training clips, also without a further word. */
const OF_AUDIOSET = /^(un)?balanced(?![a-z])/i;

export interface FoundTables {
  /** null when no table of the folder names a clip that is there. */
  dataset: Dataset | null;
  /** Why tables of the folder are of no use, a sentence each. */
  unused: string[];
}

/** @param isNoTable files of the folder that are something else */
export async function readTableFiles(
  folder: string,
  sources: SourceOptions,
  isNoTable: (path: string) => boolean = () => false,
): Promise<FoundTables> {
  const { tables, lists } = await findTables(folder, isNoTable);
  const names = await readClassNames(folder, [...tables, ...lists].map(dirname), sources, lists);
  const isSame = (labels: readonly Label[], others: readonly Label[]): boolean =>
    isSameLabels(namesOf(labels, names), namesOf(others, names));
  const clips: (DatasetClip & { table: string })[] = [];
  const notes = [...names.notes];
  const unused: string[] = [];
  const headers: string[] = [];
  const prefixes = clipPrefixes(folder, tables);
  for (const table of tables) {
    const place = relative(folder, table);
    const read = await readTables(folder, table, table, sources).catch((error: unknown) => {
      const reason = (error as Error).message.replace(/^.*?: not a valid table: /, '');
      unused.push(`${place} is left out: ${reason}`);
      return null;
    });
    if (!read) continue;
    const folds = foldSplits(read.rows);
    const split = (row: TableRow): NamedSplit | null => splitOf(row, place, folds);
    const chosen = heldOutRows(read.rows, place, split, isSame, notes);
    const stated = new Map(chosen.map((row) => [row.clip, row]));
    read.rejected = withoutChosen(read);
    const unlabelled = { ...read, rows: read.rows.map((row) => ({ ...row, labels: null })) };
    const unreadable = read.rejected.length;
    const there = await listClips(unlabelled, {
      ...{ root: folder, vocabulary: [], sources },
      table: place,
      remedy: 'correct the paths in the table, or put it into the folder where they start',
    });
    if (there.length === 0) {
      unused.push(...whyUnused(read, unreadable, place));
      continue;
    }
    headers.push((await beginningOf(table)).slice(0, 500));
    for (const note of read.notes) notes.push(note);
    const missing = read.rejected.length;
    if (missing > 0)
      notes.push(
        `${place}: ${missing} of ${counted(missing + there.length, 'row', 'rows')} left out, ` +
          `the first is ${read.rejected[0]!.clip}: ${read.rejected[0]!.reason}`,
      );
    notes.push(...fewRecordings(chosen, place));
    if (folds.size > 0) notes.push(`${place}: ${foldsOf(folds)}`);
    for (const { clip, audio, segment } of there) {
      const row = stated.get(clip)!;
      clips.push({
        clip: `${prefixes.get(table)}${clip}`,
        audio,
        ...(segment ? { segment } : {}),
        labels: row.labels && namesOf(row.labels, names),
        split: split(row),
        ...groupOf(row.stated, segment, audio),
        table: place,
      });
    }
  }
  if (clips.length === 0) return { dataset: null, unused };
  const merged = mergeRows(clips, notes);
  const layout = layoutOf(headers, tables);
  const dataset = { layout, clips: merged, ...classFacts(names), notes: [...notes, ...unused] };
  return { dataset, unused };
}

/**
 * Why a table is of no use whose rows all are rejected.
 * @param unreadable how many were rejected before their audio was looked for
 */
function whyUnused({ rows, rejected }: TableRows, unreadable: number, place: string): string[] {
  const [first, what] =
    rows.length === 0
      ? [rejected[0], `is left out: none of its ${counted(unreadable, 'row', 'rows')} can be read`]
      : [
          rejected[unreadable],
          'names ' +
            counted(rejected.length - unreadable, 'clip and it is not', 'clips and none is') +
            ' there',
        ];
  return first ? [`${place} ${what}, the first is ${first.clip}: ${first.reason}`] : [];
}

/** A column of recordings that has fewer than there are splits is perhaps one of something else. */
function fewRecordings(rows: readonly TableRow[], place: string): string[] {
  const groups = new Set(rows.flatMap(({ stated }) => stated?.group ?? []));
  if (groups.size === 0 || groups.size > 2 || rows.length < 2 * groups.size) return [];
  return [
    `${place}: by its column of recordings (${COLUMNS.group.join(', ')}) all rows are pieces of ` +
      `${listed([...groups].map(csvField))}, and pieces of one recording stay in one split; ` +
      'rename the column if it holds something else',
  ];
}

/** Rejected rows, but for those among which a split was chosen. */
function withoutChosen({ rows, rejected }: TableRows): RejectedRow[] {
  const chosen = new Set(rows.flatMap(({ clip, again }) => (again ? [clip] : [])));
  return rejected.filter(({ clip, reason }) => reason !== DUPLICATE_ID || !chosen.has(clip));
}

/** The recording: the stated one, that of a segment, else what the file's name tells. */
function groupOf(
  stated: TableRow['stated'],
  segment: DatasetClip['segment'],
  audio: string,
): Pick<DatasetClip, 'group' | 'ownGroup'> {
  if (stated?.group !== undefined) return { group: stated.group };
  if (segment) return { group: audio };
  const { name } = parse(audio);
  const { group, isNumbered } = sourceGroup(name);
  return { group, ...(isNumbered ? { ownGroup: name } : {}) };
}

/**
 * What stands before the ids of a table's clips where there are several tables: its name, else its
 * folder, else its path, the first that no other table has.
 */
function clipPrefixes(folder: string, tables: readonly string[]): Map<string, string> {
  if (tables.length < 2) return new Map(tables.map((table) => [table, '']));
  const choices: ((table: string) => string)[] = [
    (table) => parse(table).name,
    (table) => relative(folder, dirname(table)),
    (table) => relative(folder, table),
  ];
  const names =
    choices
      .map((choice) => tables.map(choice))
      .find((each) => new Set(each).size === tables.length && !each.includes('')) ??
    tables.map((table) => relative(folder, table));
  return new Map(tables.map((table, index) => [table, `${names[index]}/`]));
}

/** Tables of clips, and class lists by their header. */
async function findTables(
  folder: string,
  isNoTable: (path: string) => boolean,
): Promise<{ tables: string[]; lists: string[] }> {
  const paths: string[] = [];
  const look = async (place: string, isKnown: (name: string) => boolean): Promise<void> => {
    const entries = await readdir(place, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) {
        if (splitOfFolder(entry.name) !== null) await look(path, (name) => !/\.json$/i.test(name));
        else if (TABLE_FOLDERS.test(entry.name)) await look(path, () => true);
      } else if (
        (TABLE.test(entry.name) || TEXT.test(entry.name)) &&
        isKnown(entry.name) &&
        (await isFile(path))
      )
        paths.push(path);
    }
  };
  await look(folder, () => true);
  const found: { tables: string[]; lists: string[] } = { tables: [], lists: [] };
  for (const path of paths.filter((each) => !isNoTable(each))) {
    const beginning = /\.(csv|txt)$/i.test(path) ? await beginningOf(path) : '';
    if (TEXT.test(path)) {
      if (isTextTable(beginning)) found.tables.push(path);
    } else if (isClassList(beginning)) found.lists.push(path);
    else if (!NO_TABLE.test(basename(path)) || namesAudio(beginning)) found.tables.push(path);
  }
  return found;
}

/** Of several columns with tabs between, the first of audio (DCASE's `meta.txt`). */
function isTextTable(beginning: string): boolean {
  const [first = '', ...others] = (/^\uFEFF?(.*)/.exec(beginning)?.[1] ?? '').split('\t');
  return others.length > 0 && (hasAudioEnding(first.trim()) || namesAudio(beginning));
}

/** Links lead to one too. */
async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true;
}

async function beginningOf(path: string): Promise<string> {
  return (await fileBeginning(path, HEADER_BYTES)).toString('utf8');
}

/**
 * The highest fold is eval and the one before it validation, as ESC-50 and UrbanSound8K are scored.
 */
function foldSplits(rows: readonly TableRow[]): Map<number, SplitName> {
  const folds = [...new Set(rows.flatMap(({ stated }) => stated?.fold ?? []))].sort(
    (a, b) => a - b,
  );
  if (folds.length < 3) return new Map();
  return new Map(
    folds.map((fold, index) => {
      const fromEnd = folds.length - index;
      return [fold, fromEnd === 1 ? 'eval' : fromEnd === 2 ? 'validation' : 'train'];
    }),
  );
}

/** `folds: 1, 2, 3 train, 4 validation, 5 eval` */
function foldsOf(splits: ReadonlyMap<number, SplitName>): string {
  const parts = (['train', 'validation', 'eval'] as const).map((split) => {
    const folds = [...splits].filter(([, each]) => each === split).map(([fold]) => fold);
    return `${folds.join(', ')} ${split}`;
  });
  return `folds: ${parts.join(', ')}`;
}

function splitOf(
  { stated }: TableRow,
  place: string,
  folds: ReadonlyMap<number, SplitName>,
): NamedSplit | null {
  const byFold = stated?.fold === undefined ? undefined : folds.get(stated.fold);
  const own = byFold ?? splitNamed(stated?.split ?? '');
  return own ?? splitIn(place) ?? (OF_AUDIOSET.test(basename(place)) ? 'train' : null);
}

function layoutOf(headers: readonly string[], tables: readonly string[]): string {
  const has = (text: string): boolean => headers.some((header) => header.includes(text));
  if (has('esc10')) return 'ESC-50, with its folds';
  if (has('slice_file_name')) return 'UrbanSound8K, with its folds';
  if (has('fname') && has('mids')) return 'FSD50K, with its dev and eval sets';
  if (has('YTID')) return "AudioSet's segments";
  if (has('"data"')) return 'a recipe of AST or PaSST';
  if (headers.some((header) => /^\uFEFF?filename\tlabels/.test(header))) return "CED's TSV";
  if (tables.every((table) => parse(table).name === 'metadata'))
    return "Hugging Face's AudioFolder, with its metadata";
  return 'tables that name audio files';
}
