/**
 * Size of the rows in the paper's format: one file for each pass, `topk_values` float16,
 * `topk_indexes` int16 and `seeds` int32, contiguous and uncompressed
 * (https://github.com/RicherMans/CED, save_logits.py). The `.parquet` of file names beside each is
 * not counted.
 */
import type { LogitTable } from '../../ced/logits/logit-table';

/**
 * Writes HDF5 files with the table's views, one file for each view.
 * @returns bytes of the rows, and of the rest of a file
 */
export async function paperHdf5Bytes(table: LogitTable): Promise<{ rows: number; aFile: number }> {
  // The package supports `import` only.
  const { File, ready } = await import('h5wasm');
  const { FS } = await ready;
  const rowsOfView = new Map<number, number[]>();
  table.view.forEach(
    (view, row) => void rowsOfView.set(view, [...(rowsOfView.get(view) ?? []), row]),
  );
  let bytes = 0;
  for (const [view, rows] of rowsOfView) {
    const path = `/logits_ep${view + 1}_0.h5`;
    const file = new File(path, 'w');
    const pick = (pairs: Uint16Array): Int16Array => {
      const picked = new Int16Array(rows.length * table.topK);
      rows.forEach((row, at) =>
        picked.set(pairs.subarray(row * table.topK, (row + 1) * table.topK), at * table.topK),
      );
      return picked;
    };
    const shape = [rows.length, table.topK];
    file.create_dataset({
      name: 'seeds',
      data: Int32Array.from(rows),
      shape: [rows.length],
      dtype: '<i',
    });
    file.create_dataset({ name: 'topk_indexes', data: pick(table.indexes), shape, dtype: '<h' });
    // float16 bits as int16, since h5wasm writes no float16: the size is the same.
    file.create_dataset({ name: 'topk_values', data: pick(table.values), shape, dtype: '<h' });
    file.close();
    bytes += (FS.stat(path) as { size: number }).size;
    FS.unlink(path);
  }
  const rowBytes = table.rows * (4 + 4 * table.topK);
  return { rows: rowBytes, aFile: (bytes - rowBytes) / Math.max(1, rowsOfView.size) };
}
