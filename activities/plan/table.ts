/**
 * Corpus tables: JSONL with one clip a line, or CED's TSV (`filename<TAB>labels`, indexes joined by `;`). A row that cannot be used is
 * returned with its reason, never thrown: one broken row is counted and named, the rest goes on (design, invariant 9).
 */
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

export interface TableRow {
  clip: string;
  /** Absolute path or URI of the audio. */
  audio: string;
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
 * @param tablePath absolute path of the table, which decides the format by its ending (`.tsv`/`.csv` = CED's TSV, else JSONL)
 */
export function parseTable(text: string, tablePath: string): { rows: TableRow[]; rejected: RejectedRow[] } {
  const rows: TableRow[] = [];
  const rejected: RejectedRow[] = [];
  const seen = new Set<string>();
  const parseLine = /\.(tsv|csv)$/i.test(tablePath) ? parseTsvLine : parseJsonLine;
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '' || (index === 0 && parseLine === parseTsvLine && /^filename\t/i.test(line))) return;
    const parsed = parseLine(line.trimEnd());
    if (typeof parsed === 'string') return rejected.push({ clip: `${basename(tablePath)}:${index + 1}`, reason: parsed });
    if (seen.has(parsed.clip)) return rejected.push({ clip: parsed.clip, reason: 'duplicate clip id' });
    seen.add(parsed.clip);
    return rows.push({ ...parsed, audio: locate(parsed.audio, dirname(tablePath)) });
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
  if (row.success) return { clip: row.data.clip, audio: row.data.audio, labels: row.data.labels ?? null };
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

function locate(audio: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(audio) || isAbsolute(audio) ? audio : resolve(folder, audio);
}
