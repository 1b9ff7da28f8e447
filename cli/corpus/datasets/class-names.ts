/**
 * Class lists that datasets bring: AudioSet's `class_labels_indices.csv`, FSD50K's `vocabulary.csv`
 * (index, name, mid), or any list with a MID column.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

export interface ClassNames {
  byMid: Map<string, string>;
  byNumber: Map<number, string>;
  /** MIDs by name. */
  mids: Map<string, string>;
}

const LISTS = ['class_labels_indices.csv', 'vocabulary.csv', 'labels.csv', 'classes.csv'];

export async function readClassNames(
  folder: string,
  beside: readonly string[],
): Promise<ClassNames> {
  const names: ClassNames = { byMid: new Map(), byNumber: new Map(), mids: new Map() };
  for (const place of new Set([folder, ...beside]))
    for (const list of LISTS) {
      const text = await readFile(join(place, list), 'utf8').catch(() => null);
      if (text !== null) addList(names, text);
    }
  return names;
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
