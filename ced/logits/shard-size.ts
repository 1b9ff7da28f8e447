/**
 * Where the bytes of a logit shard go: compressed sizes from the file's own footer, nothing is
 * decoded.
 */
import { parquetMetadata } from 'hyparquet';

/**
 * Bytes by column; the pairs' columns together as `i` and `p`, and `footer` for all that is no
 * column.
 */
export function shardColumnBytes(bytes: Uint8Array): Map<string, number> {
  const sizes = new Map<string, number>();
  let columns = 0;
  // A Buffer may share its memory with whatever lies beside it.
  const { buffer } = Uint8Array.prototype.slice.call(bytes);
  for (const group of parquetMetadata(buffer).row_groups)
    for (const { meta_data: column } of group.columns) {
      const [path = ''] = column?.path_in_schema ?? [];
      const name = /^[ip]\d+$/.test(path) ? path.slice(0, 1) : path;
      const size = Number(column?.total_compressed_size ?? 0);
      sizes.set(name, (sizes.get(name) ?? 0) + size);
      columns += size;
    }
  return sizes.set('footer', bytes.length - columns);
}
