/**
 * Corpus tables: JSONL with one clip a line, or CED's TSV (`filename<TAB>labels`, indexes joined by
 * `;`). A row that cannot be used is returned with its reason, never thrown: one broken row is
 * counted and named, the rest goes on (design, invariant 9).
 */
import { basename, dirname, isAbsolute, posix, resolve } from 'node:path';
import { z } from 'zod';
import { isUri, type ByteRange, parseGsUri } from './address';

export interface TableRow {
  clip: string;
  /** Absolute path or URI of the audio. */
  audio: string;
  /** Where it lies inside `audio`; absent = the whole of it. */
  range?: ByteRange;
  /** Names, MIDs or indexes; null where the row has no labels. */
  labels: (string | number)[] | null;
}
export interface RejectedRow {
  clip: string;
  reason: string;
}

const rowSchema = z.object({
  clip: z.string().min(1).max(512),
  audio: z.string().min(1),
  labels: z.array(z.union([z.string(), z.number().int().min(0)])).optional(),
});

/**
 * Parses a whole table. Audio paths are relative to the table's own folder.
 * @param tablePath absolute path or URI of the table, which decides the format by its ending
 *   (`.tsv`/`.csv` = CED's TSV, else JSONL)
 */
export function parseTable(
  text: string,
  tablePath: string,
): { rows: TableRow[]; rejected: RejectedRow[] } {
  const rows: TableRow[] = [];
  const rejected: RejectedRow[] = [];
  const seen = new Set<string>();
  const parseLine = /\.(tsv|csv)$/i.test(withoutQuery(tablePath)) ? parseTsvLine : parseJsonLine;
  text.split('\n').forEach((line, index) => {
    if (
      line.trim() === '' ||
      (index === 0 && parseLine === parseTsvLine && /^filename\t/i.test(line))
    )
      return;
    const parsed = parseLine(line.trimEnd());
    if (typeof parsed === 'string')
      return rejected.push({
        clip: `${basename(withoutQuery(tablePath))}:${index + 1}`,
        reason: parsed,
      });
    if (seen.has(parsed.clip))
      return rejected.push({ clip: parsed.clip, reason: 'duplicate clip id' });
    seen.add(parsed.clip);
    const audio = locate(parsed.audio, tablePath);
    if (audio === null)
      return rejected.push({
        clip: parsed.clip,
        reason: `its audio ${parsed.audio} leads out of the bucket`,
      });
    return rows.push({ ...parsed, audio });
  });
  return { rows, rejected };
}

function parseJsonLine(line: string): TableRow | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'unreadable row: not JSON';
  }
  const row = rowSchema.safeParse(value);
  if (row.success)
    return { clip: row.data.clip, audio: row.data.audio, labels: row.data.labels ?? null };
  const issue = row.error.issues[0];
  return `unreadable row: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
}

function parseTsvLine(line: string): TableRow | string {
  const [audio, labels] = line.split('\t');
  if (!audio) return 'unreadable row: no filename';
  if (labels === undefined || labels === '') return { clip: audio, audio, labels: null };
  const indexes = labels.split(';').map(Number);
  if (indexes.some((index) => !Number.isInteger(index) || index < 0))
    return `unreadable row: labels '${labels}', expected indexes joined by ;`;
  return { clip: audio, audio, labels: indexes };
}

/** Beside the table, unless it says where. null = outside of the table's bucket. */
function locate(audio: string, tablePath: string): string | null {
  if (isUri(audio)) return audio;
  if (!isUri(tablePath)) return resolve(dirname(tablePath), audio);
  const table = parseGsUri(tablePath);
  if (table) {
    const path = isAbsolute(audio) ? audio.slice(1) : posix.join(posix.dirname(table.path), audio);
    return path.split('/').includes('..') ? null : `gs://${table.bucket}/${path}`;
  }
  const beside = new URL(
    audio.split('/').map(encodeURIComponent).join('/'),
    withoutQuery(tablePath),
  );
  return beside.href;
}

function withoutQuery(address: string): string {
  return address.replace(/[?#].*$/s, '');
}
