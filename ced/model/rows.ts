/** Rows of a row-major array, `width` numbers each, in the order given. */
export function rowsOf<Values extends Int16Array | Int32Array | Float32Array>(
  values: Values,
  rows: readonly number[],
  width: number,
): Values {
  const chosen = new (values.constructor as new (length: number) => Values)(rows.length * width);
  rows.forEach((row, at) =>
    chosen.set(values.subarray(row * width, (row + 1) * width), at * width),
  );
  return chosen;
}
