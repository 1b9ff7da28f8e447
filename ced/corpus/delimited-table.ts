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
  stated?: StatedSplit;
  labels: Label[] | null;
}

/** Header names of published tables by what they hold, in lower case. The first found counts. */
const COLUMNS = {
  audio: ['filename', 'file', 'path', 'audio', 'wav', 'file_name', 'filepath', 'audio_path'],
  /** Names of files without their ending. */
  stem: ['fname', 'slice_file_name', 'ytid', 'youtube_id', 'youtube id'],
  labels: ['positive_labels', 'mids', 'labels', 'label', 'category', 'class', 'class_name', 'tags'],
  start: ['start', 'start_seconds', 'onset', 'start_time'],
  end: ['end', 'end_seconds', 'offset', 'end_time'],
  split: ['split', 'subset', 'set'],
  fold: ['fold'],
  /** The recording that a clip was cut from. */
  group: ['src_file', 'fsid', 'source', 'speaker', 'recording', 'track_id'],
} as const;

type Column = keyof typeof COLUMNS;

/** AudioSet's clips are cut already: the seconds are those of the video they came from. */
const VIDEO_IDS = ['ytid', 'youtube_id', 'youtube id'];

interface Header {
  columns: Partial<Record<Column, number>>;
  /** Column of an AudioSet video id. */
  isVideo: boolean;
}

/**
 * @param delimiter `\t` or `,`
 * @returns rows, and for each row that cannot be used the reason with its line
 * @throws {FormatInvalid} when the quoting is broken, or a header names no audio
 */
export function parseDelimited(
  text: string,
  delimiter: '\t' | ',',
): (DelimitedRow | { line: number; reason: string })[] {
  const records = readRecords(text, delimiter);
  const first = records.findIndex(({ fields }) => headerOf(fields) !== null);
  // Comments may stand above a header (AudioSet); anything else is a table without one.
  const hasHeader =
    first >= 0 && records.slice(0, first).every(({ fields }) => fields[0]?.startsWith('#'));
  const header = hasHeader ? headerOf(records[first]!.fields)! : unnamed();
  return records
    .slice(hasHeader ? first + 1 : 0)
    .filter(({ fields }) => !fields[0]?.startsWith('# '))
    .map(({ fields, line }) => rowOf(fields, line, header));
}

/** Without a header: CED's columns. */
function unnamed(): Header {
  return { columns: { audio: 0, labels: 1 }, isVideo: false };
}

function readRecords(text: string, delimiter: string): { fields: string[]; line: number }[] {
  try {
    const found = parse(text, {
      delimiter,
      quote: delimiter === '\t' ? null : '"',
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return found.map(({ record, info }) => ({ fields: record, line: info.lines }));
  } catch (error) {
    throw new FormatInvalid('table', `its quoting is broken: ${(error as CsvError).message}`, {
      cause: error,
    });
  }
}

/** null when the fields are no header that is known. */
function headerOf(fields: readonly string[]): Header | null {
  const names = fields.map((field) => field.replace(/^#\s*/, '').trim().toLowerCase());
  const at = (column: Column): number =>
    COLUMNS[column].map((name) => names.indexOf(name)).find((index) => index >= 0) ?? -1;
  const columns: Header['columns'] = {};
  for (const column of Object.keys(COLUMNS) as Column[])
    if (at(column) >= 0) columns[column] = at(column);
  if (columns.audio === undefined && columns.stem === undefined) return null;
  return { columns, isVideo: VIDEO_IDS.some((name) => names[columns.stem ?? -1] === name) };
}

function rowOf(
  fields: readonly string[],
  line: number,
  { columns, isVideo }: Header,
): DelimitedRow | { line: number; reason: string } {
  const cell = (column: Column): string => fields[columns[column] ?? -1] ?? '';
  const audio = cell('audio') === '' ? cell('stem') : cell('audio');
  if (audio === '') return { line, reason: 'unreadable row: no filename' };
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
    return { ...row, clip: `${audio}_${start}_${end}`, stems: videoStems(audio, segment) };
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
