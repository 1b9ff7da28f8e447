/**
 * The bytes of a store that kept only the views and probabilities that a student reads: cuts the
 * rows and encodes them again.
 */
import type { Store } from '../../storage/store';
import { readLogitTable } from '../../storage/logits/read-logits';
import { selectRows, type LogitTable } from '../../ced/logits/logit-table';
import { encodeLogitShard } from '../../ced/logits/shard-file';

export interface Prefix {
  readonly views: number;
  readonly topK: number;
}

/** @returns bytes of all shards together */
export async function prefixBytes(
  store: Store,
  logitsKey: string,
  audioShards: readonly string[],
  prefix: Prefix,
): Promise<number> {
  let bytes = 0;
  for (const shard of audioShards) {
    const { table } = await readLogitTable(store, logitsKey, shard);
    bytes += (await encodeLogitShard(cut(table, prefix))).byteLength;
  }
  return bytes;
}

/** Views below `views`, and of each row the `topK` most probable. */
export function cut(table: LogitTable, { views, topK }: Prefix): LogitTable {
  const kept = Array.from({ length: table.rows }, (_, row) => row).filter(
    (row) => table.view[row]! < views,
  );
  const rows = selectRows(table, kept);
  const narrowed = (values: Uint16Array): Uint16Array => {
    const firsts = new Uint16Array(rows.rows * topK);
    for (let row = 0; row < rows.rows; row++) {
      const from = row * table.topK;
      firsts.set(values.subarray(from, from + topK), row * topK);
    }
    return firsts;
  };
  return { ...rows, topK, indexes: narrowed(rows.indexes), values: narrowed(rows.values) };
}
