/**
 * Tables in JSON: JSONL with one clip a line, and the recipes of AST and PaSST, one object
 * `{"data": [{"wav", "labels"}]}` (https://github.com/YuanGongND/ast).
 */
import { z } from 'zod';
import { pathOf } from './address';
import { FormatInvalid } from '../format-invalid';
import { labelsFromJson } from './label-list';
import {
  COLUMNS,
  columnsOf,
  isNameOf,
  namedRow,
  unusedNote,
  type Column,
  type NamedRow,
} from './named-columns';
import { audioPathSchema, clipIdSchema, segmentFault } from './table-row';

export interface JsonRow extends NamedRow {
  /** Row of a Parquet file, from 0. */
  row?: number;
  /** Name in a tar file. */
  member?: string;
}

const FIELDS = ['clip', 'audio', 'labels', 'start', 'end', 'row', 'member'] as const;

const rowSchema = z.object({
  clip: z.union([clipIdSchema, z.number().transform(String)]),
  audio: audioPathSchema,
  start: z.number().nullish(),
  end: z.number().nullish(),
  row: z.int().min(0).nullish(),
  member: audioPathSchema.nullish(),
});

/** Told of each row of another project's fields: what nothing reads of it, where labels lack. */
export type OnForeignRow = (unused: string | null) => void;

export const NOT_JSON = 'unreadable row: not JSON';

/** A row, or why the line is none. @throws {FormatInvalid} for a field that does not exist */
export function parseJsonLine(
  line: string,
  where: string,
  onForeign: OnForeignRow,
): JsonRow | string {
  let value: unknown;
  try {
    // Rows that were cut out of an array keep its commas.
    value = parseLenient(line.replace(/,$/, ''));
  } catch {
    return NOT_JSON;
  }
  return rowOf(value, where, onForeign);
}

/**
 * The rows of a table that is one JSON array of them; null when the text is none.
 * @throws {FormatInvalid} for a field that does not exist
 */
export function parseJsonArray(
  text: string,
  name: string,
  onForeign: OnForeignRow,
): (JsonRow | string)[] | null {
  if (!/^\s*\[/.test(text)) return null;
  let rows: unknown;
  try {
    rows = parseLenient(text);
  } catch (error) {
    // Lines that each are an array are told as rows.
    if (!/^\s*\[\s*\{/.test(text)) return null;
    const { message } = error as Error;
    throw new FormatInvalid('table', `it begins as a JSON array of rows, and is none: ${message}`, {
      cause: error,
    });
  }
  return Array.isArray(rows)
    ? rows.map((value, index) => rowOf(value, `${name}:${index + 1}`, onForeign))
    : null;
}

function rowOf(value: unknown, where: string, onForeign: OnForeignRow): JsonRow | string {
  if (!isObject(value))
    return 'unreadable row: expected an object such as {"clip": "a", "audio": "a.wav"}';
  return 'clip' in value || isOfMany(value['audio'])
    ? ownRow(value, where)
    : foreignRow(value, onForeign);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the audio is a file of many clips, whose rows have fields of this project alone. */
function isOfMany(audio: unknown): boolean {
  return typeof audio === 'string' && /\.(parquet|tar)$/i.test(pathOf(audio));
}

/** A row as `ced init` writes it; its audio and labels may have another usual name. */
function ownRow(written: Record<string, unknown>, where: string): JsonRow | string {
  const value = withOwnNames(written);
  const unknown = Object.keys(value).find((key) => !FIELDS.some((field) => field === key));
  if (unknown !== undefined)
    throw new FormatInvalid(
      'table',
      `${where}: there is no field '${unknown}'; the fields are ${FIELDS.join(', ')}`,
    );
  const { clip: id } = value;
  if (Number.isInteger(id) && !Number.isSafeInteger(id))
    return 'unreadable row: clip: write a number this long as text';
  const row = rowSchema.safeParse(value);
  if (!row.success) {
    const [field = '', message = ''] = [row.error.issues[0]?.path[0], row.error.issues[0]?.message];
    return `unreadable row: ${fieldFault(value, String(field), message)}`;
  }
  const labels = labelsFromJson(value['labels']);
  if (labels === undefined) return LABELS_EXPECTED;
  const { clip, audio, start, end } = row.data;
  const place = placeIn(row.data);
  if (typeof place === 'string') return `unreadable row: ${place}`;
  const whole = { clip, audio, ...place, labels };
  if ((start ?? null) === null && (end ?? null) === null) return whole;
  const segment = { start: start ?? 0, end: end ?? NaN };
  const fault = segmentFault(segment);
  return fault === null ? { ...whole, segment } : `unreadable row: ${fault}`;
}

const LABELS_EXPECTED = 'unreadable row: labels: expected names, MIDs or class numbers';

function withOwnNames(written: Record<string, unknown>): Record<string, unknown> {
  const value = { ...written };
  for (const column of ['audio', 'labels'] as const) {
    if (column in value) continue;
    const other = Object.keys(value).find((key) => isNameOf(column, key));
    if (other === undefined) continue;
    value[column] = value[other];
    delete value[other];
  }
  return value;
}

function fieldFault(value: Record<string, unknown>, field: string, message: string): string {
  if (value[field] === undefined) return `the field ${field} is missing`;
  const expected =
    field === 'clip' || field === 'audio' || field === 'member' ? 'text' : 'a number';
  return (
    `the field ${field} is ${JSON.stringify(value[field]).slice(0, 60)}, expected ${expected} ` +
    `(${message})`
  );
}

/** A row of another project's fields: its id is its audio's path. */
function foreignRow(value: Record<string, unknown>, onForeign: OnForeignRow): JsonRow | string {
  const keys = Object.keys(value);
  const columns = columnsOf(keys);
  if (columns === null)
    return (
      'unreadable row: no field names the audio; call it audio, or ' +
      COLUMNS.audio.slice(0, 6).join(', ')
    );
  onForeign(unusedNote(keys, columns));
  const { at, secondsOf } = columns;
  const valueOf = (column: Column): unknown => value[keys[at[column] ?? -1] ?? ''];
  const cell = (column: Column): string => {
    const content = valueOf(column);
    return typeof content === 'string' || typeof content === 'number' ? String(content) : '';
  };
  const labels = labelsFromJson(valueOf('labels'));
  if (labels === undefined) return LABELS_EXPECTED;
  return namedRow(cell, labels, secondsOf);
}

/** Where the audio lies in a file of many clips, or why that is not said. */
function placeIn({
  audio,
  row,
  member,
}: z.output<typeof rowSchema>): Pick<JsonRow, 'row' | 'member'> | string {
  if (/\.parquet$/i.test(pathOf(audio)) !== (typeof row === 'number'))
    return 'row: expected for audio in a .parquet file, and only there';
  if (/\.tar$/i.test(pathOf(audio)) !== (typeof member === 'string'))
    return 'member: expected for audio in a .tar file, and only there';
  return {
    ...(typeof row === 'number' ? { row } : {}),
    ...(typeof member === 'string' ? { member } : {}),
  };
}

const recipeSchema = z.object({
  data: z.array(
    z.object({ wav: audioPathSchema, labels: z.union([z.string(), z.array(z.string())]) }),
  ),
});

/** The clips of a recipe, or null when the text is not one. */
export function parseRecipe(text: string): JsonRow[] | null {
  if (!/^\s*\{\s*"data"\s*:/.test(text)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatInvalid('table', `it begins as {"data": … but is not JSON`, { cause: error });
  }
  const recipe = recipeSchema.safeParse(value);
  if (!recipe.success) {
    const issue = recipe.error.issues[0];
    throw new FormatInvalid('table', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return recipe.data.data.map(({ wav, labels }) => ({
    clip: wav,
    audio: wav,
    labels: labelsFromJson(typeof labels === 'string' ? labels.split(',') : labels) ?? null,
  }));
}

/**
 * JSON as Python's json module writes it: `NaN` and `Infinity` outside of strings become null.
 * @throws {SyntaxError}
 */
export function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    // Strings are matched first, so that what they hold stays as it is.
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (found) =>
      found.startsWith('"') ? found : 'null',
    );
    return JSON.parse(plain) as unknown;
  }
}
