/** Rows that name a file of many clips, and which of its clips is theirs. */
import type { TableRow, TableRows } from '../../ced/corpus/table-row';
import { TarInvalid } from '../../ced/corpus/tar-members';
import { FormatInvalid } from '../../ced/format-invalid';
import { SourceUnreadable } from '../../storage/sources/source';
import { carriesCredential, CREDENTIAL_REFUSED } from '../../workflows/contract/credentials';

/**
 * Finds the audio of the rows that have a field; rejects those whose file has none for them.
 * @param open called once for each file; says as a text why a file holds no audio
 * @param find where a row's audio lies in its file
 */
export async function findEmbedded<Opened extends object>(
  table: TableRows,
  field: 'row' | 'member',
  open: (place: string) => Promise<Opened | string>,
  find: (file: Opened, row: TableRow) => Pick<TableRow, 'range' | 'cell'> | null,
): Promise<void> {
  const files = new Map<string, Promise<Opened | string>>();
  const rows: TableRow[] = [];
  for (const row of table.rows) {
    if (row[field] === undefined) {
      rows.push(row);
      continue;
    }
    const opening = files.get(row.audio) ?? opened(row.audio, open);
    files.set(row.audio, opening);
    const file = await opening;
    const found = typeof file === 'string' ? null : find(file, row);
    if (found) rows.push({ ...row, ...found });
    else {
      const reason = typeof file === 'string' ? file : `${row.audio} has no ${field} ${row[field]}`;
      table.rejected.push({ clip: row.clip, reason });
    }
  }
  table.rows = rows;
}

/** @returns why the file cannot be read, as a text */
async function opened<Opened>(
  place: string,
  open: (place: string) => Promise<Opened | string>,
): Promise<Opened | string> {
  if (carriesCredential(place)) return CREDENTIAL_REFUSED;
  try {
    return await open(place);
  } catch (error) {
    if (error instanceof SourceUnreadable) return error.message;
    if (error instanceof FormatInvalid || error instanceof TarInvalid)
      return `${place}: ${error.message}`;
    throw error;
  }
}
