/** [rows], what a table [rows, classes] says of one class. */
export function classColumn(
  table: ArrayLike<number>,
  classes: number,
  index: number,
): Float32Array {
  return Float32Array.from(
    { length: table.length / classes },
    (_, row) => table[row * classes + index]!,
  );
}
