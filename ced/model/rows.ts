type NumberArray = Int16Array | Int32Array | Float32Array | Uint8Array | Uint16Array | Uint32Array;

/** Rows of a row-major array, `width` numbers each, in the order given. */
export function rowsOf<Values extends NumberArray>(
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
