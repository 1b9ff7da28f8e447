import { columnsOf } from '../infra/command-line/text-columns';

/**
 * Rows of text with their cells padded to the widest of the column, two spaces apart.
 * @param right columns aligned to the right
 */
export function alignedTable(
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean,
): string[] {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const widths = Array.from({ length: columns }, (_, column) =>
    rows.reduce((widest, row) => Math.max(widest, columnsOf(row[column] ?? '')), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat(widths[column]! - columnsOf(cell));
        return right(column) ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd(),
  );
}
