/**
 * Rows of text with their cells padded to the widest of the column, two spaces apart.
 * @param right columns aligned to the right
 */
export function alignedTable(
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean,
): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}
