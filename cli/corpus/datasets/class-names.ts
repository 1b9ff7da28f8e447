/**
 * Class lists that datasets bring: AudioSet's `class_labels_indices.csv` and `ontology.json`,
 * FSD50K's `vocabulary.csv` (index, name, mid), or any list with a MID column.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { basename } from 'node:path';
import { csvField } from '../../../ced/csv-field';
import { isUri, withoutSlashesAtEnd } from '../../../ced/corpus/address';
import { labelParts, type Label } from '../../../ced/corpus/label-list';
import { isNameOf } from '../../../ced/corpus/named-columns';
import { openSource } from '../../../storage/sources/open-source';
import { readSource, type SourceOptions } from '../../../storage/sources/source';
import { UsageError } from '../../../infra/command-line/usage-error';
import type { Dataset } from './dataset';
import { parseOntology, type Ontology } from './ontology';

export interface ClassNames {
  byMid: Map<string, string>;
  byNumber: Map<number, string>;
  /** MIDs by name. */
  mids: Map<string, string>;
  /** MIDs of a class list. */
  listed: Set<string>;
  ontology: Ontology | null;
  /** What is wrong with the lists, a sentence each. */
  notes: string[];
}

/** Of datasets whose labels are names already. */
export function noClassNames(): ClassNames {
  return {
    byMid: new Map(),
    byNumber: new Map(),
    mids: new Map(),
    listed: new Set(),
    ontology: null,
    notes: [],
  };
}

const ONTOLOGY = 'ontology.json';
/** Names alone, one a line, by their numbers. */
const LINES = ['classnames.txt', 'class_names.txt', 'classes.txt', 'labels.txt'];
const LARGEST_LIST_BYTES = 2 ** 26;
const LISTS = ['class_labels_indices.csv', 'vocabulary.csv', 'labels.csv', 'classes.csv'];

/** Whether a table's header names audio, so that it is no class list whatever its name. */
export function namesAudio(text: string): boolean {
  return headerOf(text)
    .split(/[,;\t|]/)
    .map((name) => name.replaceAll('"', ''))
    .some((name) => isNameOf('audio', name) || isNameOf('stem', name));
}

/** A list with AudioSet's header, whatever its name. */
export function isClassList(text: string): boolean {
  return /(?:^|,)"?display_name"?\s*(?:,|$)/.test(headerOf(text)) && !namesAudio(text);
}

function headerOf(text: string): string {
  return /^\uFEFF?#?\s*(.*)/.exec(text)?.[1] ?? '';
}

/**
 * @param folder and `beside`: paths or addresses of folders; later ones win
 * @param lists paths of further class lists
 */
export async function readClassNames(
  folder: string,
  beside: readonly string[],
  sources: SourceOptions,
  lists: readonly string[] = [],
): Promise<ClassNames> {
  const names = noClassNames();
  for (const place of new Set([folder, ...beside])) {
    const textOf = (name: string): Promise<string | null> => textIn(place, name, sources);
    const ontology = await textOf(ONTOLOGY);
    if (ontology !== null) addOntology(names, ontology);
    for (const list of LISTS) {
      const text = await textOf(list);
      if (text !== null && !namesAudio(text)) addList(names, text, list);
    }
    for (const list of LINES) {
      const text = await textOf(list);
      if (text !== null) addLines(names, text);
    }
  }
  for (const list of lists) addList(names, await readFile(list, 'utf8'), list);
  return names;
}

/** null where there is none, or none that can be read. */
async function textIn(place: string, name: string, sources: SourceOptions): Promise<string | null> {
  try {
    const source = openSource(`${withoutSlashesAtEnd(place)}/${name}`, sources);
    if (isUri(place) && (await source.describe()) === null) return null;
    return (await readSource(source, LARGEST_LIST_BYTES)).toString('utf8');
  } catch {
    return null;
  }
}

function addLines({ byNumber }: ClassNames, text: string): void {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const [number, line] of lines.entries())
    if (line.trim() !== '' && !byNumber.has(number)) byNumber.set(number, line.trim());
}

function addOntology(names: ClassNames, text: string): void {
  const ontology = parseOntology(text);
  if (!ontology)
    names.notes.push(
      `${ONTOLOGY} is left out: expected AudioSet's JSON array of objects with id, name and ` +
        'child_ids',
    );
  for (const { id, name } of ontology?.nodes ?? []) {
    names.byMid.set(id, name);
    names.mids.set(name, id);
  }
  names.ontology = ontology ?? names.ontology;
}

/** What a dataset takes over of the lists: MIDs, and the hierarchy of an ontology. */
export function classFacts({
  mids,
  byMid,
  listed,
  ontology,
}: ClassNames): Pick<Dataset, 'mids' | 'hierarchy'> {
  if (!ontology?.isHierarchy) return { mids };
  const hierarchy = (name: string): string[] =>
    ontology
      .ancestorsOf(mids.get(name) ?? '')
      // A class list says which classes there are.
      .filter((mid) => listed.size === 0 || listed.has(mid))
      .flatMap((mid) => byMid.get(mid) ?? []);
  return { mids, hierarchy };
}

/** @throws {UsageError} where its quoting is broken */
function addList({ notes, ...names }: ClassNames, text: string, list: string): void {
  const { byMid, byNumber, mids, listed } = names;
  const numbers = new Map<string, string>();
  for (const row of rowsOf(text, list)) {
    const index = row.findIndex((cell) => /^\d{1,6}$/.test(cell));
    const mid = row.findIndex((cell) => /^\/[a-z]+\//.test(cell));
    const name = row.findIndex((cell, at) => at !== index && at !== mid && cell !== '');
    if (index < 0 || name < 0) continue;
    byNumber.set(Number(row[index]), row[name]!);
    const earlier = numbers.get(row[name]!);
    if (earlier !== undefined && earlier !== row[index])
      notes.push(
        `${basename(list)} calls both class ${earlier} and class ${row[index]} ` +
          `${csvField(row[name]!)}: they are one class; correct the list where they are two`,
      );
    numbers.set(row[name]!, row[index]!);
    if (mid < 0) continue;
    listed.add(row[mid]!);
    byMid.set(row[mid]!, row[name]!);
    mids.set(row[name]!, row[mid]!);
  }
}

function rowsOf(text: string, list: string): string[][] {
  try {
    return parse(text, { bom: true, relax_column_count: true, trim: true });
  } catch (error) {
    throw new UsageError(
      `ced init: the class list ${list} cannot be read: its quoting is broken ` +
        `(${(error as Error).message}); correct it, or remove it`,
      { cause: error },
    );
  }
}

/**
 * Names of a row's labels: MIDs and numbers by the class list, several names where commas part
 * them.
 */
export function namesOf(labels: readonly Label[], names: ClassNames): string[] {
  return [
    ...new Set(
      labels.flatMap((label) =>
        typeof label === 'number'
          ? [names.byNumber.get(label) ?? `class ${label}`]
          : names.byMid.has(label)
            ? [names.byMid.get(label)!]
            : // "Dog,Music" are two classes, "Chatter, babble" is one.
              severalNames(label),
      ),
    ),
  ];
}

function severalNames(label: string): string[] {
  return /^\[.*\]$|[|]/s.test(label)
    ? labelParts(label)
    : label.split(/,(?! )/).filter((part) => part !== '');
}
