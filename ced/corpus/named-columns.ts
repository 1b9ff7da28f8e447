/**
 * Names that published tables give their columns, or their fields in JSON, and the row that these
 * make.
 */
import { FormatInvalid } from '../format-invalid';
import type { Label } from './label-list';
import { segmentFault, type Segment, type StatedSplit } from './table-row';

/** Names by what they hold, see columnName. The first found counts. */
export const COLUMNS = {
  audio: [
    ...['filename', 'file', 'path', 'audio', 'wav', 'file_name', 'filepath', 'audio_path'],
    ...['file_path', 'wav_path', 'audio_file', 'wav_file', 'audio_filename', 'audio_filepath'],
  ],
  /** Names of files without their ending. */
  stem: ['fname', 'slice_file_name', 'ytid', 'youtube_id'],
  labels: [
    ...['positive_labels', 'mids', 'labels', 'label', 'category', 'class', 'class_name', 'tags'],
    ...['tag', 'classes', 'categories', 'annotation', 'annotations', 'event_label', 'sound_type'],
    ...['sound_class'],
    // Of class numbers, where no column has names.
    ...['target', 'classid', 'class_id', 'label_id'],
  ],
  start: ['start', 'start_seconds', 'onset', 'start_time'],
  end: ['end', 'end_seconds', 'offset', 'end_time'],
  /** Of the clip in seconds, where it has a start and no end. */
  duration: ['duration'],
  split: ['split', 'subset', 'set'],
  fold: ['fold'],
  /** The recording that a clip was cut from. */
  group: ['src_file', 'fsid', 'source', 'speaker', 'recording', 'track_id'],
} as const;

export type Column = keyof typeof COLUMNS;

/** Of AudioSet's clips, which are cut out of videos or not. */
const VIDEO_IDS = ['ytid', 'youtube_id'];
/** Of UrbanSound8K's clips, which all are cut. */
const SLICE = 'slice_file_name';

/**
 * What `start` and `end` are seconds of: the `file`, AudioSet's `video`, which the file is a part
 * of or the whole, or the `recording` that the file was cut from.
 */
type SecondsOf = 'file' | 'video' | 'recording';

export interface NamedColumns {
  /** Where each is among the names. */
  at: Partial<Record<Column, number>>;
  secondsOf: SecondsOf;
}

export interface NamedRow {
  clip: string;
  audio: string;
  stems?: string[];
  segment?: Segment;
  /** See TableRow. */
  videoSegment?: Segment;
  stated?: StatedSplit;
  labels: Label[] | null;
}

/** `# File Name ` as `file_name`. */
export function columnName(field: string): string {
  return field.replace(/^#\s*/, '').trim().toLowerCase().replaceAll(' ', '_');
}

export function isNameOf(column: Column, field: string): boolean {
  const name = columnName(field);
  return COLUMNS[column].some((known) => known === name);
}

/**
 * null when none of the names is known to hold audio.
 * @throws {FormatInvalid} when a column that is used is named twice
 */
export function columnsOf(fields: readonly string[]): NamedColumns | null {
  const names = fields.map(columnName);
  const at: NamedColumns['at'] = {};
  for (const column of Object.keys(COLUMNS) as Column[]) {
    const known = COLUMNS[column].find((name) => names.includes(name));
    if (known !== undefined) at[column] = names.indexOf(known);
  }
  if (at.audio === undefined && at.stem === undefined) return null;
  // Beside no start, an offset is where the clip begins (NeMo's manifests), not where it ends.
  if (at.start === undefined && names.includes('offset')) {
    at.start = names.indexOf('offset');
    if (at.end === at.start) delete at.end;
  }
  const repeated = Object.values(at).find((index) => names.lastIndexOf(names[index]!) !== index);
  if (repeated !== undefined)
    throw new FormatInvalid('table', `its header names '${names[repeated]}' twice`);
  const stem = names[at.stem ?? -1] ?? '';
  const secondsOf = VIDEO_IDS.includes(stem) ? 'video' : stem === SLICE ? 'recording' : 'file';
  return { at, secondsOf };
}

/** A note of columns that nothing reads, where none holds labels; null where all are read. */
export function unusedNote(fields: readonly string[], { at }: NamedColumns): string | null {
  const used = new Set(Object.values(at));
  const unused = fields.filter((name, index) => !used.has(index) && name !== '');
  if (at.labels !== undefined || unused.length === 0) return null;
  return (
    `no column holds labels (call the column label, or ${COLUMNS.labels.join(', ')}); ` +
    `not used: ${unused.slice(0, 8).join(', ')}`
  );
}

/** @param cell what the row holds, '' = nothing. @returns why it is no row, as a text */
export function namedRow(
  cell: (column: Column) => string,
  labels: Label[] | null,
  secondsOf: SecondsOf,
): NamedRow | string {
  const audio = cell('audio') === '' ? cell('stem') : cell('audio');
  if (audio === '') return 'unreadable row: no filename';
  const start = cell('start');
  const end = cell('end') === '' && start !== '' ? endOf(start, cell('duration')) : cell('end');
  const stems = cell('audio') === '' ? [audio] : undefined;
  const stated = statedSplit(cell('split'), cell('fold'), cell('group'));
  const row = {
    clip: audio,
    audio,
    labels,
    ...(stems ? { stems } : {}),
    ...(stated ? { stated } : {}),
  };
  if ((start === '' && end === '') || secondsOf === 'recording') return row;
  const segment = { start: Number(start || 0), end: Number(end || NaN) };
  if (secondsOf === 'video')
    return {
      ...row,
      clip: `${audio}_${start}_${end}`,
      stems: videoStems(audio, segment),
      ...(segmentFault(segment) === null ? { videoSegment: segment } : {}),
    };
  const fault = segmentFault(segment);
  return fault === null
    ? { ...row, clip: `${audio}#${start}-${end}`, segment }
    : `unreadable row: ${fault}`;
}

/** '' where there is no duration. */
function endOf(start: string, duration: string): string {
  // Of 0.1 and 0.2 the sum is 0.30000000000000004; a microsecond is less than a sample.
  return duration === '' ? '' : String(Number((Number(start) + Number(duration)).toFixed(6)));
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
