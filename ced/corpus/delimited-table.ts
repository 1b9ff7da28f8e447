/**
 * Tables with a delimiter: CED's TSV (`filename<TAB>labels`, or paths alone), and the CSV files
 * that AudioSet, FSD50K, ESC-50, UrbanSound8K and others publish. Quoting by RFC 4180. A first line
 * whose names are known is a header, never a clip.
 */
import { parse, type CsvError } from 'csv-parse/sync';
import { csvField } from '../csv-field';
import { FormatInvalid } from '../format-invalid';
import { labelsFromCell, type Label } from './label-list';
import {
  COLUMNS,
  columnsOf,
  isNameOf,
  namedRow,
  unusedNote,
  type Column,
  type NamedColumns,
  type NamedRow,
} from './named-columns';

export interface DelimitedRow extends NamedRow {
  line: number;
}

interface Header {
  columns: NamedColumns;
  /** Of the header, or CED's two. */
  width: number;
  /** Columns that each are a class, with 0 or 1 in every row. */
  oneHot: { at: number; name: string }[];
}

const ENDS_AS_A_FILE = /\.\w{2,5}$/;
/** How spreadsheets say which delimiter a file has. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?(?=[\r\n])/i;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/**
 * @param delimiter `\t` or `,`: of a table without a header, and tried first for one with
 * @param onNote is told what the table holds and nothing reads
 * @returns rows, and for each row that cannot be used the reason with its line
 * @throws {FormatInvalid} when the quoting is broken, or nothing says which column is what
 */
export function parseDelimited(
  text: string,
  delimiter: '\t' | ',',
  onNote: (note: string) => void = () => undefined,
): (DelimitedRow | { line: number; reason: string })[] {
  const records = readRecords(text, delimiterOf(text, delimiter));
  if (SEPARATOR_LINE.test(text)) records.shift();
  // Comments may stand above a header (AudioSet); anything else is a table without one.
  const first = records.findIndex(({ fields }) => columnsOf(fields) !== null);
  const hasHeader = first >= 0 && records.slice(0, first).every(isComment);
  const begin = records.findIndex((each) => !isComment(each));
  const rows = hasHeader ? records.slice(first + 1) : begin < 0 ? [] : records.slice(begin);
  const header = hasHeader
    ? headerOf(records[first]!.fields, rows, onNote)
    : unnamed(rows[0]?.fields ?? []);
  return rows.map(({ fields, line }) => rowOf(fields, line, header));
}

/**
 * The one that makes a known header of the first line that is no comment. Else of a CSV file whose
 * first line has no comma, another that it has (spreadsheets in much of Europe write `;`).
 */
function delimiterOf(text: string, given: string): string {
  const stated = SEPARATOR_LINE.exec(text)?.[1];
  if (stated !== undefined) return stated;
  const beginning = text.slice(0, 4096).split(/\r\n|\n|\r/);
  const lines = beginning.slice(0, beginning.findIndex((line) => !line.startsWith('#')) + 1);
  const makesHeader = (delimiter: string): boolean =>
    lines.some((line) => {
      const fields = fieldsOf(line, delimiter);
      return fields.length > 1 && columnsOf(fields) !== null;
    });
  const known = [given, ...DELIMITERS].find(makesHeader);
  if (known !== undefined) return known;
  const first = lines.at(-1) ?? '';
  // A list of paths has one column, and names of files may hold any of them.
  if (given !== ',')
    return first.includes(given) || ENDS_AS_A_FILE.test(first)
      ? given
      : (DELIMITERS.find((each) => ENDS_AS_A_FILE.test(fieldsOf(first, each)[0]!)) ?? given);
  return DELIMITERS.find((delimiter) => fieldsOf(first, delimiter).length > 1) ?? given;
}

/** Of a header line, taken apart outside of its quotes. */
function fieldsOf(line: string, delimiter: string): string[] {
  const parts = line.split('"');
  // Every second part stands inside of quotes.
  const marked = parts.map((part, index) => (index % 2 ? part : part.replaceAll(delimiter, '\n')));
  return marked.join('').split('\n');
}

/** `#1.wav` is a file, not a comment. */
function isComment({ fields: [beginning = ''] }: { fields: readonly string[] }): boolean {
  return beginning.startsWith('#') && !ENDS_AS_A_FILE.test(beginning);
}

/**
 * Without a header: CED's columns.
 * @throws {FormatInvalid} when the first row has more, or is a header that names no audio
 */
function unnamed(first: readonly string[]): Header {
  const [audio = '', ...others] = first;
  const isHeader = others.some((name) => isNameOf('labels', name)) && !ENDS_AS_A_FILE.test(audio);
  if (isHeader || others.slice(1).some((field) => field !== ''))
    throw new FormatInvalid(
      'table',
      `its first line (${first.slice(0, 6).join(', ')}) ` +
        (isHeader ? 'names no column of audio; ' : `has ${first.length} columns, names none; `) +
        `expected a header with ${COLUMNS.audio.slice(0, 4).join(', ')} or another of these, ` +
        'for example filename,labels',
    );
  return { columns: { at: { audio: 0, labels: 1 }, secondsOf: 'file' }, width: 2, oneHot: [] };
}

function readRecords(text: string, delimiter: string): { fields: string[]; line: number }[] {
  try {
    const found = parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      quote: delimiter === '\t' ? null : '"',
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return found.map(({ record, info }) => ({
      fields: delimiter === '\t' ? record.map(unquoted) : record,
      line: info.lines,
    }));
  } catch (error) {
    throw new FormatInvalid('table', `its quoting is broken: ${(error as CsvError).message}`, {
      cause: error,
    });
  }
}

/** Spreadsheets quote cells of tab-separated tables too; a quote inside of one means itself. */
function unquoted(cell: string): string {
  return /^"[^"]*(""[^"]*)*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

/** @param names of which some are known. @param onNote as of parseDelimited */
function headerOf(
  names: readonly string[],
  rows: readonly { fields: readonly string[] }[],
  onNote: (note: string) => void,
): Header {
  const columns = columnsOf(names)!;
  const oneHot = oneHotOf(names, columns, rows);
  const classes = oneHot.map(({ name }) => name);
  const note =
    classes.length > 0
      ? `no column holds labels, and ${classes.length} hold 0 or 1 in every row; they are ` +
        `taken for classes: ${classes.slice(0, 8).map(csvField).join(', ')}` +
        (classes.length > 8 ? ' …' : '')
      : (unusedNote(names, columns) ?? unnamedNote(names, columns, rows));
  if (note !== null) onNote(note);
  return { columns, width: names.length, oneHot };
}

/** A note where the labels are numbers, and another column that could hold labels has names. */
function unnamedNote(
  names: readonly string[],
  { at: { labels } }: NamedColumns,
  rows: readonly { fields: readonly string[] }[],
): string | null {
  const isNumber = (index: number): boolean =>
    rows.every(({ fields }) => /^\d*$/.test(fields[index] ?? ''));
  if (labels === undefined || !isNumber(labels)) return null;
  const other = names.find(
    (name, index) => index !== labels && isNameOf('labels', name) && !isNumber(index),
  );
  return other === undefined
    ? null
    : `labels are the numbers of column ${names[labels]}, and column ${other} is not used; to ` +
        `use its names, rename ${names[labels]}`;
}

/** Columns without a known name that hold 0 or 1 in every row, where no column holds labels. */
function oneHotOf(
  names: readonly string[],
  { at }: NamedColumns,
  rows: readonly { fields: readonly string[] }[],
): Header['oneHot'] {
  if (at.labels !== undefined || rows.length === 0) return [];
  const used = new Set(Object.values(at));
  const found = names
    .map((name, index) => ({ at: index, name }))
    .filter(({ at: index, name }) => !used.has(index) && name !== '')
    .filter(({ at: index }) =>
      rows.every(({ fields }) => /^[01](\.0)?$/.test(fields[index] ?? '')),
    );
  const isAny = found.some(({ at: index }) => rows.some(({ fields }) => isOne(fields[index])));
  return isAny && found.length > 1 ? found : [];
}

function isOne(field: string | undefined): boolean {
  return Number(field) === 1;
}

function rowOf(
  fields: readonly string[],
  line: number,
  { columns: { at, secondsOf }, width, oneHot }: Header,
): DelimitedRow | { line: number; reason: string } {
  const cell = (column: Column): string => fields[at[column] ?? -1] ?? '';
  if (cell('audio') + cell('stem') === '') return { line, reason: 'unreadable row: no filename' };
  if (fields.slice(width).some((field) => field !== ''))
    return {
      line,
      reason:
        `unreadable row: ${fields.length} columns where the table has ${width}; ` +
        'join labels by ;, and quote a text that holds the delimiter',
    };
  const labels: Label[] | null =
    oneHot.length === 0
      ? labelsFromCell(cell('labels'))
      : oneHot.filter((each) => isOne(fields[each.at])).map(({ name }) => name);
  const row = namedRow(cell, labels, secondsOf);
  return typeof row === 'string' ? { line, reason: row } : { line, ...row };
}
