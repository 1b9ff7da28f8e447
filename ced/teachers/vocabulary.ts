/**
 * The classes of a model, in AudioSet's own file format: a header `index,mid,display_name`, then
 * one class a line, names in double quotes where they hold a comma (RFC 4180).
 * https://research.google.com/audioset/download.html, class_labels_indices.csv
 */
import { z } from 'zod';
import { FormatInvalid } from '../format-invalid';

export interface VocabularyClass {
  /**
   * Machine id such as `/m/09x0r`; any other unique string in vocabularies beyond AudioSet, empty
   * where there is none.
   */
  readonly mid: string;
  readonly name: string;
}

/** Class numbers are stored as uint16. */
const MOST_CLASSES = 65_536;
/** Of a name or a MID. */
export const LONGEST_NAME = 512;

/** Position = class number. */
export type Vocabulary = readonly VocabularyClass[];

export const vocabularySchema: z.ZodType<Vocabulary> = z.array(
  z.object({ mid: z.string(), name: z.string() }),
);

/**
 * @throws FormatInvalid when the header differs, a line has not three fields, indexes are not 0 …
 *   n − 1, or a MID or name occurs twice
 */
export function parseVocabularyCsv(text: string): Vocabulary {
  const [header, ...records] = parseCsv(text.replace(/^\uFEFF/, ''));
  if (header?.map((field) => field.trim()).join() !== 'index,mid,display_name')
    fail('its first line must be index,mid,display_name');
  if (records.length === 0) fail('it names no class');
  if (records.length > MOST_CLASSES)
    fail(`it names ${records.length} classes, at most ${MOST_CLASSES} are possible`);
  const classes = new Array<VocabularyClass | undefined>(records.length).fill(undefined);
  records.forEach((fields, record) => {
    const line = `class ${record + 1}`;
    if (fields.length !== 3) fail(`${line} has ${fields.length} fields instead of 3`);
    const [index, mid, name] = fields.map((field) => field.trim()) as [string, string, string];
    if (fields.some(({ length }) => length > LONGEST_NAME))
      fail(`${line} has a name longer than ${LONGEST_NAME} characters`);
    if (!/^\d+$/.test(index) || Number(index) >= records.length)
      fail(`${line} has index "${index}"; ${records.length} classes are 0 … ${records.length - 1}`);
    if (classes[Number(index)]) fail(`index ${index} occurs twice`);
    if (name === '') fail(`${line} has no display_name`);
    classes[Number(index)] = { mid, name };
  });
  requireDistinct(classes as Vocabulary);
  return classes as Vocabulary;
}

/** @throws FormatInvalid when a MID or a name occurs twice, naming both classes by number */
export function requireDistinct(vocabulary: Vocabulary): void {
  const mids = new Map<string, number>();
  const names = new Map<string, number>();
  for (const [index, { mid, name }] of vocabulary.entries()) {
    const at = (first: number): string => `as class ${first} and as class ${index}`;
    const [sameMid, sameName] = [mids.get(mid), names.get(name)];
    if (mid !== '' && sameMid !== undefined) fail(`MID ${mid} occurs twice, ${at(sameMid)}`);
    if (sameName !== undefined) fail(`name "${name}" occurs twice, ${at(sameName)}`);
    mids.set(mid, index);
    names.set(name, index);
  }
}

/**
 * As `requireDistinct`, of a list that no CSV or schema has looked at.
 * @throws FormatInvalid also for a class without a name, or with one that is too long
 */
export function requireUsable(vocabulary: Vocabulary): void {
  for (const [index, { mid, name }] of vocabulary.entries()) {
    if (name.trim() === '') fail(`class ${index} has no name`);
    if (Math.max(mid.length, name.length) > LONGEST_NAME)
      fail(`class ${index} has a name longer than ${LONGEST_NAME} characters`);
  }
  requireDistinct(vocabulary);
}

/** The same file again: names are quoted always, as AudioSet's are. */
export function formatVocabularyCsv(vocabulary: Vocabulary): string {
  const lines = vocabulary.map(
    ({ mid, name }, index) => `${index},${mid},"${name.replaceAll('"', '""')}"`,
  );
  return ['index,mid,display_name', ...lines, ''].join('\n');
}

function fail(detail: string): never {
  throw new FormatInvalid('vocabulary', detail);
}

/** RFC 4180, one character after the other. Empty lines are passed over. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  for (let at = 0; at < text.length || fields.length > 0;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    if (end > text.length || (end < text.length && !',\r\n'.includes(text[end]!)))
      fail(`a quote stands where none may, in line ${records.length + 1}`);
    fields.push(field);
    at = end + (text.startsWith('\r\n', end) ? 2 : 1);
    if (text[end] === ',') continue;
    if (fields.length > 1 || fields[0] !== '') records.push(fields);
    fields = [];
  }
  return records;
}

/**
 * @returns `end` = the character behind the closing quote, or beyond the text where there is none
 */
function quotedField(text: string, start: number): { field: string; end: number } {
  let quote = text.indexOf('"', start + 1);
  while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  if (quote < 0) return { field: '', end: text.length + 1 };
  return { field: text.slice(start + 1, quote).replaceAll('""', '"'), end: quote + 1 };
}

function plainField(text: string, start: number): { field: string; end: number } {
  let end = start;
  while (end < text.length && !',"\r\n'.includes(text[end]!)) end++;
  return { field: text.slice(start, end), end };
}
