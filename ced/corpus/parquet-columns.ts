/**
 * Which columns of a Parquet file are a dataset's audio and labels: those that the metadata of
 * Hugging Face's `datasets` marks as `Audio` and `ClassLabel`, else those with a usual name.
 * https://huggingface.co/docs/datasets/about_dataset_features
 */
import { z } from 'zod';
import { FormatInvalid } from '../format-invalid';
import { COLUMNS } from './named-columns';
import type { LeafColumn, ParquetOutline } from '../parquet/parquet-outline';

export interface AudioColumns {
  /** Numbers of leaf columns: embedded bytes, and the path or address beside or instead of them. */
  bytes: number | null;
  path: number | null;
  label: number | null;
  /** Names of the label's class numbers; null where the file has none. */
  classNames: string[] | null;
  /** What was chosen and why, for people. */
  note: string;
}

/** In the order in which they are preferred. */
const AUDIO_NAMES = [
  ...'audio file path filename file_name audio_path audio_file url wav'.split(' '),
  ...COLUMNS.audio,
];
const LABEL_NAMES = [
  ...'labels label tags tag classes class category categories fine_label fine_labels'.split(' '),
  ...'target human_labels sound_class genre'.split(' '),
  ...COLUMNS.labels,
];

interface Feature {
  type: 'audio' | 'class' | 'value';
  names: string[] | null;
}

/** @throws {FormatInvalid} naming the columns, when none or several can be meant */
export function chooseAudioColumns({ columns, metadata }: ParquetOutline): AudioColumns {
  const features = featuresOf(metadata['huggingface']);
  const tops = [...new Set(columns.map(({ path }) => path[0]!))];
  const top = chosen(
    'audio',
    tops.filter((name) => features.get(name)?.type === 'audio'),
    AUDIO_NAMES.filter((name) => tops.includes(name) && isAudio(columns, name)),
    AUDIO_NAMES,
  );
  if (top === null)
    throw new FormatInvalid(
      'table',
      `no column of it is audio; its columns are ${tops.join(', ')}; expected one of type Audio ` +
        `in the metadata of \`datasets\`, or one named ${AUDIO_NAMES.slice(0, 4).join(', ')} …`,
    );
  const label = chosen(
    'labels',
    tops.filter((name) => features.get(name)?.type === 'class'),
    LABEL_NAMES.filter((name) => tops.includes(name) && labelColumn(columns, name) >= 0),
    LABEL_NAMES,
  );
  const [bytes, path] = audioParts(columns, top.name);
  const classNames = label && (features.get(label.name)?.names ?? null);
  return {
    bytes,
    path,
    label: label && labelColumn(columns, label.name),
    classNames,
    note:
      `audio from column ${top.name} (${top.why}), ` +
      (label
        ? `labels from ${label.name} (${label.why}` +
          `${classNames ? `, ${classNames.length} classes` : ''})`
        : `no labels: of the columns ${tops.join(', ')} none is of type ClassLabel or has a ` +
          'usual name'),
  };
}

/** The only marked column, or the one of several with the best name; else the best name. */
function chosen(
  what: string,
  marked: readonly string[],
  named: readonly string[],
  names: readonly string[],
): { name: string; why: string } | null {
  const [only, ...others] = marked;
  if (only !== undefined && others.length === 0) return { name: only, why: 'by its type' };
  if (only !== undefined) {
    const best = names.find((name) => marked.includes(name));
    if (best !== undefined)
      return { name: best, why: `by its type and name, of ${marked.join(', ')}` };
    throw new FormatInvalid(
      'table',
      `its columns ${marked.join(', ')} may all hold the ${what}; rename one to ${names[0]}`,
    );
  }
  const [first] = named;
  return first === undefined ? null : { name: first, why: 'by its name' };
}

/** @returns numbers of the columns of bytes and of paths */
function audioParts(columns: readonly LeafColumn[], top: string): [number | null, number | null] {
  const find = (test: (column: LeafColumn) => boolean): number | null => {
    const at = columns.findIndex((column) => column.path[0] === top && test(column));
    return at < 0 ? null : at;
  };
  return [
    find(
      ({ kind, isList, path: [, member = 'bytes'] }) =>
        kind === 'bytes' && !isList && member === 'bytes',
    ),
    find(
      ({ kind, isList, path: [, member = 'path'] }) =>
        kind === 'text' && !isList && member === 'path',
    ),
  ];
}

function isAudio(columns: readonly LeafColumn[], top: string): boolean {
  return audioParts(columns, top).some((part) => part !== null);
}

function labelColumn(columns: readonly LeafColumn[], top: string): number {
  return columns.findIndex(
    ({ path, kind }) =>
      path[0] === top && path.length === 1 && (kind === 'integer' || kind === 'text'),
  );
}

const metadataSchema = z.object({
  info: z.object({ features: z.record(z.string(), z.unknown()) }),
});
const classLabelSchema = z.object({
  _type: z.literal('ClassLabel'),
  names: z.array(z.string()).optional(),
});
const listSchema = z.object({
  _type: z.enum(['Sequence', 'List', 'LargeList']),
  feature: z.unknown(),
});

/** @param text the value of `huggingface` in the file's metadata */
function featuresOf(text: string | undefined): Map<string, Feature> {
  if (text === undefined) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map();
  }
  const parsed = metadataSchema.safeParse(value);
  return new Map(
    Object.entries(parsed.data?.info.features ?? {}).map(([name, each]) => [name, featureOf(each)]),
  );
}

function featureOf(value: unknown): Feature {
  const list = listSchema.safeParse(value);
  // Older versions write a list as a list of its one feature.
  const inner = list.success
    ? list.data.feature
    : Array.isArray(value)
      ? (value[0] as unknown)
      : value;
  const classes = classLabelSchema.safeParse(inner);
  if (classes.success) return { type: 'class', names: classes.data.names ?? null };
  const isAudioType = z.object({ _type: z.literal('Audio') }).safeParse(value).success;
  return { type: isAudioType ? 'audio' : 'value', names: null };
}
