/**
 * Class lists that datasets bring: AudioSet's `class_labels_indices.csv` and `ontology.json`,
 * FSD50K's `vocabulary.csv` (index, name, mid), or any list with a MID column.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { labelParts, type Label } from '../../../ced/corpus/label-list';

export interface ClassNames {
  byMid: Map<string, string>;
  byNumber: Map<number, string>;
  /** MIDs by name. */
  mids: Map<string, string>;
}

const ONTOLOGY = 'ontology.json';
const LISTS = ['class_labels_indices.csv', 'vocabulary.csv', 'labels.csv', 'classes.csv'];

export async function readClassNames(
  folder: string,
  beside: readonly string[],
): Promise<ClassNames> {
  const names: ClassNames = { byMid: new Map(), byNumber: new Map(), mids: new Map() };
  for (const place of new Set([folder, ...beside])) {
    const ontology = await readFile(join(place, ONTOLOGY), 'utf8').catch(() => null);
    if (ontology !== null) addOntology(names, ontology);
    for (const list of LISTS) {
      const text = await readFile(join(place, list), 'utf8').catch(() => null);
      if (text !== null) addList(names, text);
    }
  }
  return names;
}

const ontologySchema = z.array(z.object({ id: z.string(), name: z.string() }));

/** AudioSet's hierarchy of classes: a name for each MID. Text that is none is passed over. */
function addOntology({ byMid, mids }: ClassNames, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  for (const { id, name } of ontologySchema.safeParse(value).data ?? []) {
    byMid.set(id, name);
    mids.set(name, id);
  }
}

function addList({ byMid, byNumber, mids }: ClassNames, text: string): void {
  const rows: string[][] = parse(text, { bom: true, relax_column_count: true, trim: true });
  for (const row of rows) {
    const index = row.findIndex((cell) => /^\d{1,6}$/.test(cell));
    const mid = row.findIndex((cell) => /^\/[a-z]+\//.test(cell));
    const name = row.findIndex((cell, at) => at !== index && at !== mid && cell !== '');
    if (index < 0 || name < 0) continue;
    byNumber.set(Number(row[index]), row[name]!);
    if (mid < 0) continue;
    byMid.set(row[mid]!, row[name]!);
    mids.set(row[name]!, row[mid]!);
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
