/**
 * Corpus tables: JSONL with one clip a line, JSON recipes, CED's TSV, and the CSV files that
 * datasets publish. A row that cannot be used is returned with its reason, never thrown: one broken
 * row is counted and named, the rest goes on (design, invariant 9).
 */
import { counted } from '../counted';
import { isDeepStrictEqual } from 'node:util';
import { basename, dirname, isAbsolute, posix, resolve, sep } from 'node:path';
import { isUri, parseBucketUri, pathOf, withoutSlashesAtEnd } from './address';
import { parseDelimited, type DelimitedRow } from './delimited-table';
import {
  NOT_JSON,
  parseJsonArray,
  parseJsonLine,
  parseRecipe,
  type JsonRow,
  type OnForeignRow,
} from './json-table';
import { FormatInvalid } from '../format-invalid';
import { tableText } from './table-content';
import { DUPLICATE_ID, type RejectedRow, type TableRow, type TableRows } from './table-row';

type ParsedRow = (JsonRow | DelimitedRow) &
  Pick<TableRow, 'row' | 'member' | 'stems' | 'videoSegment' | 'stated'>;

/** Rows between two pauses: a few ten milliseconds. */
const ROWS_AT_ONCE = 10_000;

/**
 * Parses a whole table. Audio paths are relative to the table's own folder, or to `audioRoot`.
 * @param tablePath absolute path or URI of the table; `.tsv`, `.csv` and `.txt` are delimited, all
 *   else is JSON
 * @throws {FormatInvalid} when the bytes are no table at all, or a row has an unknown field
 */
export function parseTable(bytes: Uint8Array, tablePath: string, audioRoot?: string): TableRows {
  const parsing = parsed(bytes, tablePath, audioRoot);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
  }
}

/** The same. @param onPart awaited after every 10,000 rows; may throw to give up */
export async function parseTableInParts(
  bytes: Uint8Array,
  tablePath: string,
  audioRoot: string | undefined,
  onPart: () => Promise<void>,
): Promise<TableRows> {
  const parsing = parsed(bytes, tablePath, audioRoot);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
    await onPart();
  }
}

/** Pauses after every 10,000 rows. */
function* parsed(
  bytes: Uint8Array,
  tablePath: string,
  audioRoot?: string,
): Generator<undefined, TableRows> {
  const name = basename(pathOf(tablePath));
  const { text, isExact } = tableText(bytes);
  const base = audioRoot === undefined ? tablePath : `${withoutSlashesAtEnd(audioRoot)}/${name}`;
  const table = new Collected(base, isUri(tablePath), isExact);
  const notes: string[] = [];
  let count = 0;
  for (const row of parsedRows(text, name, notes)) {
    if ('reason' in row) table.rejected.push({ clip: `${name}:${row.line}`, reason: row.reason });
    else table.add(row);
    if (++count % ROWS_AT_ONCE === 0) yield;
  }
  notes.push(...table.notes(name));
  return { rows: table.rows, rejected: table.rejected, notes };
}

type RejectedLine = { line: number; reason: string };

/** @param notes receives what the table holds and a run does not use */
function parsedRows(
  text: string,
  name: string,
  notes: string[],
): Iterable<ParsedRow | RejectedLine> {
  if (/\.(tsv|csv|txt)$/i.test(name)) {
    const beginning = /^.*/.exec(text)?.[0] ?? '';
    const isCsv = /\.csv$/i.test(name) && !beginning.includes('\t');
    return parseDelimited(text, isCsv ? ',' : '\t', (note) => notes.push(`${name}: ${note}`));
  }
  return parseRecipe(text) ?? jsonRows(text, name, notes);
}

/** JSONL, or one array of rows. @throws {FormatInvalid} at the end, where no line is JSON */
function* jsonRows(
  text: string,
  name: string,
  notes: string[],
): Generator<ParsedRow | RejectedLine> {
  let [isAnyJson, isEmpty] = [false, true];
  const unused: (string | null)[] = [];
  const onForeign: OnForeignRow = (note) => unused.includes(note) || unused.push(note);
  for (const { line, row } of numberedRows(text, name, onForeign)) {
    isEmpty = false;
    isAnyJson ||= row !== NOT_JSON;
    yield typeof row === 'string' ? { line, reason: row } : row;
  }
  // One row with labels, or with nothing unread, is enough to know the fields.
  const [note] = unused;
  if (note && !unused.includes(null)) notes.push(`${name}: ${note}`);
  if (isAnyJson || isEmpty) return;
  const first = text.split(/\r\n|\n|\r/).find((line) => line.trim() !== '') ?? '';
  throw new FormatInvalid(
    'table',
    `no line of it is JSON, the first is '${shortened(first)}'; ` +
      'expected rows such as {"clip": "a", "audio": "a.wav"}; give other lists a name that ' +
      'ends in .tsv, .csv or .txt, and a header such as filename,labels',
  );
}

function* numberedRows(
  text: string,
  name: string,
  onForeign: OnForeignRow,
): Generator<{ line: number; row: JsonRow | string }> {
  const array = parseJsonArray(text, name, onForeign);
  if (array) {
    for (const [index, row] of array.entries()) yield { line: index + 1, row };
    return;
  }
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries())
    if (line.trim() !== '')
      yield {
        line: index + 1,
        row: parseJsonLine(line.trimEnd(), `${name}:${index + 1}`, onForeign),
      };
}

const LONGEST_SHOWN = 60;

function shortened(line: string): string {
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}

class Collected {
  readonly rows: TableRow[] = [];
  readonly rejected: RejectedRow[] = [];
  /** By clip id; null = a row that was rejected. */
  private readonly seen = new Map<string, TableRow | null>();
  /** Rows that repeat a clip. */
  private joined = 0;

  /**
   * @param base relative paths start beside it
   * @param isFromElsewhere the table is not of this machine: it may name files below `base` only
   * @param isExact false where bytes of the table are no UTF-8 and stand as U+FFFD
   */
  constructor(
    private readonly base: string,
    private readonly isFromElsewhere: boolean,
    private readonly isExact: boolean,
  ) {}

  add(parsed: ParsedRow): void {
    const { clip, audio: written, row, member, segment, stems, videoSegment, stated } = parsed;
    const { labels } = parsed;
    if (!this.isExact && [clip, written, ...(labels ?? [])].join('\n').includes('\uFFFD')) {
      this.rejected.push({ clip, reason: 'unreadable row: not UTF-8; save the table as UTF-8' });
      return;
    }
    const place = audioPlace(written, this.base, this.isFromElsewhere);
    const earlier = this.seen.get(clip);
    if (earlier !== undefined) {
      const isSame =
        typeof place !== 'string' &&
        earlier !== null &&
        isSamePart(earlier, { ...place, row, member, segment });
      if (isSame && isDeepStrictEqual(earlier.stated, stated)) this.join(earlier, labels);
      else {
        if (isSame) (earlier.again ??= []).push({ stated: stated ?? {}, labels });
        this.rejected.push({ clip, reason: DUPLICATE_ID });
      }
      return;
    }
    if (typeof place === 'string') {
      this.seen.set(clip, null);
      this.rejected.push({ clip, reason: place });
      return;
    }
    const added: TableRow = {
      clip,
      ...place,
      ...(row === undefined ? {} : { row }),
      ...(member === undefined ? {} : { member }),
      ...(segment ? { segment } : {}),
      ...(stems ? { stems } : {}),
      ...(videoSegment ? { videoSegment } : {}),
      ...(stated ? { stated } : {}),
      labels,
    };
    this.seen.set(clip, added);
    this.rows.push(added);
  }

  /** What was done to rows, a sentence each. */
  notes(name: string): string[] {
    const rows = counted(this.joined, 'row repeats', 'rows repeat');
    return [
      ...(this.joined === 0 ? [] : [`${name}: ${rows} a clip; the labels of all its rows count`]),
      ...(this.rows.some(({ videoSegment }) => videoSegment)
        ? [
            `${name}: its seconds are those of videos: files that are longer than their segments ` +
              'are cut to them, others are taken whole',
          ]
        : []),
    ];
  }

  /** Tables with one label a row repeat the clip. */
  private join(row: TableRow, labels: TableRow['labels']): void {
    this.joined++;
    if (labels !== null) row.labels = [...new Set([...(row.labels ?? []), ...labels])];
  }
}

/** Whether a row names the audio, and the part of it, that an earlier one does. */
function isSamePart(
  earlier: TableRow,
  again: { [Field in 'audio' | 'row' | 'member' | 'segment']: unknown },
): boolean {
  return (['audio', 'row', 'member', 'segment'] as const).every((field) =>
    isDeepStrictEqual(earlier[field], again[field]),
  );
}

/**
 * A row's audio, by the path or address that the table writes.
 * @param base relative paths start beside it
 * @param isFromElsewhere the table is not of this machine: it may name files below `base` only
 * @returns why it is none of the table's, as a text
 */
export function audioPlace(
  written: string,
  base: string,
  isFromElsewhere: boolean,
): Pick<TableRow, 'audio' | 'written'> | string {
  const audio = locate(written, base);
  const folder = dirname(base);
  if (audio === null) return `its audio ${written} leads out of the bucket`;
  if (isFromElsewhere && !isUri(audio) && !audio.startsWith(`${folder}${sep}`))
    return `its audio ${written} leads out of ${folder}`;
  const isRelative = !isUri(base) && !isFromElsewhere && !isUri(written) && !isAbsolute(written);
  return { audio, ...(isRelative ? { written } : {}) };
}

/** Beside the base, unless it says where. null = outside of the base's bucket. */
function locate(audio: string, tablePath: string): string | null {
  if (isUri(audio)) return audio;
  if (!isUri(tablePath)) return resolve(dirname(tablePath), audio);
  const table = parseBucketUri(tablePath);
  if (table) {
    const path = isAbsolute(audio) ? audio.slice(1) : posix.join(posix.dirname(table.path), audio);
    return path.split('/').includes('..') ? null : `${table.scheme}://${table.bucket}/${path}`;
  }
  const beside = new URL(audio.split('/').map(encodeURIComponent).join('/'), pathOf(tablePath));
  return beside.href;
}
