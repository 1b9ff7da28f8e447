/**
 * Corpus tables: JSONL with one clip a line, JSON recipes, CED's TSV, and the CSV files that
 * datasets publish. A row that cannot be used is returned with its reason, never thrown: one broken
 * row is counted and named, the rest goes on (design, invariant 9).
 */
import { basename, dirname, isAbsolute, posix, resolve } from 'node:path';
import { isUri, parseGsUri, pathOf } from './address';
import { parseDelimited, type DelimitedRow } from './delimited-table';
import { parseJsonLine, parseRecipe, type JsonRow } from './json-table';
import { tableText } from './table-content';
import type { RejectedRow, TableRow, TableRows } from './table-row';

type ParsedRow = (JsonRow | DelimitedRow) & Pick<TableRow, 'stems' | 'stated'>;

/**
 * Parses a whole table. Audio paths are relative to the table's own folder.
 * @param tablePath absolute path or URI of the table; `.tsv`, `.csv` and `.txt` are delimited, all
 *   else is JSON
 * @throws {FormatInvalid} when the bytes are no table at all, or a row has an unknown field
 */
export function parseTable(bytes: Uint8Array, tablePath: string): TableRows {
  const name = basename(pathOf(tablePath));
  const table = new Collected(tablePath);
  for (const parsed of parsedRows(tableText(bytes), name)) {
    if ('reason' in parsed)
      table.rejected.push({ clip: `${name}:${parsed.line}`, reason: parsed.reason });
    else table.add(parsed);
  }
  return { rows: table.rows, rejected: table.rejected, notes: [] };
}

function* parsedRows(
  text: string,
  name: string,
): Generator<ParsedRow | { line: number; reason: string }> {
  if (/\.(tsv|csv|txt)$/i.test(name)) {
    const beginning = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'));
    const isCsv = /\.csv$/i.test(name) && !beginning.includes('\t');
    yield* parseDelimited(text, isCsv ? ',' : '\t');
    return;
  }
  const recipe = parseRecipe(text);
  if (recipe) return yield* recipe;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseJsonLine(line.trimEnd(), `${name}:${index + 1}`);
    yield typeof parsed === 'string' ? { line: index + 1, reason: parsed } : parsed;
  }
}

class Collected {
  readonly rows: TableRow[] = [];
  readonly rejected: RejectedRow[] = [];
  private readonly seen = new Set<string>();

  constructor(private readonly tablePath: string) {}

  add({ clip, audio: written, segment, stems, stated, labels }: ParsedRow): void {
    if (this.seen.has(clip)) {
      this.rejected.push({ clip, reason: 'duplicate clip id' });
      return;
    }
    this.seen.add(clip);
    const audio = locate(written, this.tablePath);
    if (audio === null) {
      this.rejected.push({ clip, reason: `its audio ${written} leads out of the bucket` });
      return;
    }
    const isRelative = !isUri(this.tablePath) && !isUri(written) && !isAbsolute(written);
    this.rows.push({
      clip,
      audio,
      ...(segment ? { segment } : {}),
      ...(isRelative ? { written } : {}),
      ...(stems ? { stems } : {}),
      ...(stated ? { stated } : {}),
      labels,
    });
  }
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
  const beside = new URL(audio.split('/').map(encodeURIComponent).join('/'), pathOf(tablePath));
  return beside.href;
}
