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
  split: ['split', 'subset', 'set'],
  fold: ['fold'],
  /** The recording that a clip was cut from. */
  group: ['src_file', 'fsid', 'source', 'speaker', 'recording', 'track_id'],
} as const;

export type Column = keyof typeof COLUMNS;

/** AudioSet's clips are cut already: the seconds are those of the video they came from. */
const VIDEO_IDS = ['ytid', 'youtube_id'];

export interface NamedColumns {
  /** Where each is among the names. */
  at: Partial<Record<Column, number>>;
  /** `stem` is an AudioSet video id. */
  isVideo: boolean;
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
  const repeated = Object.values(at).find((index) => names.lastIndexOf(names[index]!) !== index);
  if (repeated !== undefined)
    throw new FormatInvalid('table', `its header names '${names[repeated]}' twice`);
  return { at, isVideo: VIDEO_IDS.some((name) => names[at.stem ?? -1] === name) };
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
  isVideo: boolean,
): NamedRow | string {
  const audio = cell('audio') === '' ? cell('stem') : cell('audio');
  if (audio === '') return 'unreadable row: no filename';
  const [start, end] = [cell('start'), cell('end')];
  const stems = cell('audio') === '' ? [audio] : undefined;
  const stated = statedSplit(cell('split'), cell('fold'), cell('group'));
  const row = {
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
    : `unreadable row: ${fault}`;
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
