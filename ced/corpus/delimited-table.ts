/**
 * Tables with a delimiter: CED's TSV (`filename<TAB>labels`, or paths alone), and the CSV files
 * that AudioSet, FSD50K, ESC-50, UrbanSound8K and others publish. Quoting by RFC 4180. A first line
 * whose names are known is a header, never a clip.
 */
import { parse, type CsvError } from 'csv-parse/sync';
import { FormatInvalid } from '../format-invalid';
import { labelsFromCell, type Label } from './label-list';
import { segmentFault, type Segment, type StatedSplit } from './table-row';

export interface DelimitedRow {
  line: number;
  clip: string;
  audio: string;
  stems?: string[];
  segment?: Segment;
  /** See TableRow. */
  videoSegment?: Segment;
  stated?: StatedSplit;
  labels: Label[] | null;
}

/** Header names of published tables by what they hold, see columnName. The first found counts. */
const COLUMNS = {
  audio: ['filename', 'file', 'path', 'audio', 'wav', 'file_name', 'filepath', 'audio_path'],
  /** Names of files without their ending. */
  stem: ['fname', 'slice_file_name', 'ytid', 'youtube_id'],
  labels: [
    ...['positive_labels', 'mids', 'labels', 'label', 'category', 'class', 'class_name', 'tags'],
    // Of class numbers, where no column has names.
    ...['target', 'classid', 'class_id', 'label_id'],
  ],
  start: ['start', 'start_seconds', 'onset', 'start_time'],
  end: ['end', 'end_seconds', 'offset', 'end_time'],
  split: ['split', 'subset', 'set'],
  fold: ['fold'],
  /** The recording that a clip was cut from. */
  group: ['src_file', 'fsid', 'source', 'speaker', 'recording', 'track_id'],
} as const;

type Column = keyof typeof COLUMNS;

/** AudioSet's clips are cut already: the seconds are those of the video they came from. */
const VIDEO_IDS = ['ytid', 'youtube_id'];

interface Header {
  columns: Partial<Record<Column, number>>;
  /** Column of an AudioSet video id. */
  isVideo: boolean;
  /** Of the header, or CED's two. */
  width: number;
}

const ENDS_AS_A_FILE = /\.\w{2,5}$/;
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
  // Comments may stand above a header (AudioSet); anything else is a table without one.
  const first = records.findIndex(({ fields }) => headerOf(fields) !== null);
  const hasHeader = first >= 0 && records.slice(0, first).every(isComment);
  const begin = records.findIndex((each) => !isComment(each));
  const rows = hasHeader ? records.slice(first + 1) : begin < 0 ? [] : records.slice(begin);
  const header = hasHeader ? headerOf(records[first]!.fields)! : unnamed(rows[0]?.fields ?? []);
  if (hasHeader) noteUnused(records[first]!.fields, header, onNote);
  return rows.map(({ fields, line }) => rowOf(fields, line, header));
}

/** The one that makes a known header of the first line that is no comment, else the given one. */
function delimiterOf(text: string, given: string): string {
  const beginning = text.slice(0, 4096).split(/\r\n|\n|\r/);
  const lines = beginning.slice(0, beginning.findIndex((line) => !line.startsWith('#')) + 1);
  const makesHeader = (delimiter: string): boolean =>
    lines.some((line) => line.includes(delimiter) && headerOf(line.split(delimiter)) !== null);
  return [given, ...DELIMITERS].find(makesHeader) ?? given;
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
  const isHeader = others.some((name) => isLabelsColumn(name)) && !ENDS_AS_A_FILE.test(audio);
  if (isHeader || others.slice(1).some((field) => field !== ''))
    throw new FormatInvalid(
      'table',
      `its first line (${first.slice(0, 6).join(', ')}) ` +
        (isHeader ? 'names no column of audio; ' : `has ${first.length} columns, names none; `) +
        `expected a header with ${COLUMNS.audio.slice(0, 4).join(', ')} or another of these, ` +
        'for example filename,labels',
    );
  return { columns: { audio: 0, labels: 1 }, isVideo: false, width: 2 };
}

function isLabelsColumn(name: string): boolean {
  return COLUMNS.labels.some((known) => known === columnName(name));
}

/** A table whose header names no labels may hold them under another name. */
function noteUnused(
  fields: readonly string[],
  { columns }: Header,
  onNote: (note: string) => void,
): void {
  const used = new Set(Object.values(columns));
  const unused = fields.filter((name, index) => !used.has(index) && name !== '');
  if (columns.labels !== undefined || unused.length === 0) return;
  onNote(
    `no column holds labels (${COLUMNS.labels.join(', ')}); ` +
      `not used: ${unused.slice(0, 8).join(', ')}`,
  );
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

/** `# File Name ` as `file_name`. */
function columnName(field: string): string {
  return field.replace(/^#\s*/, '').trim().toLowerCase().replaceAll(' ', '_');
}

/**
 * null when the fields are no header that is known.
 * @throws {FormatInvalid} when it names a column that is used twice
 */
function headerOf(fields: readonly string[]): Header | null {
  const names = fields.map(columnName);
  const at = (column: Column): number =>
    COLUMNS[column].map((name) => names.indexOf(name)).find((index) => index >= 0) ?? -1;
  const columns: Header['columns'] = {};
  for (const column of Object.keys(COLUMNS) as Column[])
    if (at(column) >= 0) columns[column] = at(column);
  if (columns.audio === undefined && columns.stem === undefined) return null;
  const repeated = Object.values(columns).find((at) => names.lastIndexOf(names[at]!) !== at);
  if (repeated !== undefined)
    throw new FormatInvalid('table', `its header names '${names[repeated]}' twice`);
  const isVideo = VIDEO_IDS.some((name) => names[columns.stem ?? -1] === name);
  return { columns, isVideo, width: names.length };
}

function rowOf(
  fields: readonly string[],
  line: number,
  { columns, isVideo, width }: Header,
): DelimitedRow | { line: number; reason: string } {
  const cell = (column: Column): string => fields[columns[column] ?? -1] ?? '';
  const audio = cell('audio') === '' ? cell('stem') : cell('audio');
  if (audio === '') return { line, reason: 'unreadable row: no filename' };
  if (fields.slice(width).some((field) => field !== ''))
    return {
      line,
      reason:
        `unreadable row: ${fields.length} columns where the table has ${width}; ` +
        'join labels by ;, and quote a text that holds the delimiter',
    };
  const labels = labelsFromCell(cell('labels'));
  const [start, end] = [cell('start'), cell('end')];
  const stems = cell('audio') === '' ? [audio] : undefined;
  const stated = statedSplit(cell('split'), cell('fold'), cell('group'));
  const row = {
    line,
    clip: audio,
    audio,
    labels,
    ...(stems ? { stems } : {}),
    ...(stated ? { stated } : {}),
  };
  if (start === '' && end === '') return row;
  const segment = { start: Number(start || 0), end: Number(end || NaN) };
  if (isVideo)
    return {
      ...row,
      clip: `${audio}_${start}_${end}`,
      stems: videoStems(audio, segment),
      ...(segmentFault(segment) === null ? { videoSegment: segment } : {}),
    };
  const fault = segmentFault(segment);
  return fault === null
    ? { ...row, clip: `${audio}#${start}-${end}`, segment }
    : { line, reason: `unreadable row: ${fault}` };
}

function statedSplit(split: string, fold: string, group: string): StatedSplit | null {
  const stated: StatedSplit = {
    ...(split === '' ? {} : { split }),
    ...(/^\d{1,3}$/.test(fold) ? { fold: Number(fold) } : {}),
    ...(group === '' ? {} : { group }),
  };
  return Object.keys(stated).length === 0 ? null : stated;
}

/**
 * Under which names the clips of a video are stored: by CED, AudioSet downloaders, and the video
 * alone.
 */
function videoStems(id: string, { start, end }: Segment): string[] {
  const [from, to] = [start.toFixed(3), end.toFixed(3)];
  const [fromMs, toMs] = [Math.round(start * 1000), Math.round(end * 1000)];
  const endings = [`_${from}_${to}`, `_${from}`, `_${fromMs}_${toMs}`, `_${start}_${end}`, ''];
  return endings.flatMap((ending) => [`${id}${ending}`, `Y${id}${ending}`]);
}
