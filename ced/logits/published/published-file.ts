/**
 * One pair of files as the paper's code writes it: `logits_ep{E}_{rank}.h5` with `topk_values`
 * (float16), `topk_indexes` (int16) and `seeds` (int32), and a `.parquet` of the same name whose
 * rows say which clip and which part of it. https://github.com/RicherMans/CED (save_logits.py)
 */
import type { Dataset } from 'h5wasm';
import { FormatInvalid } from '../../format-invalid';
import { readParquet } from '../../parquet-file';

export interface PublishedRows {
  readonly rows: number;
  readonly topK: number;
  /** float16 bits [rows, topK]. */
  readonly values: Uint16Array;
  /** [rows, topK] */
  readonly indexes: Int16Array;
  /** [rows] */
  readonly seeds: Int32Array;
}

export interface PublishedSpans {
  /** [rows] */
  readonly filenames: readonly string[];
  /** Samples at 16 kHz [rows]. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface PublishedFileName {
  /** Pass over the audio, from 1. */
  readonly pass: number;
  readonly rank: number;
}

/** null for any other file. */
export function parsePublishedName(name: string): PublishedFileName | null {
  const match = /^logits_ep(\d+)_(\d+)\.h5$/.exec(name);
  return match && { pass: Number(match[1]), rank: Number(match[2]) };
}

const sampleRate = 16_000;
const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
let mounted = 0;

/** @throws FormatInvalid when the bytes are no such HDF5 file */
export async function readPublishedRows(bytes: Uint8Array, name: string): Promise<PublishedRows> {
  // h5wasm opens anything and complains on standard error: look first.
  if (!signature.every((byte, at) => bytes[at] === byte))
    throw new FormatInvalid('published logits', `${name} is no HDF5 file`);
  const { File, ready } = await import('h5wasm');
  const { FS } = await ready;
  // In WebAssembly's own memory: nothing is written to disk.
  const path = `/published-${mounted++}.h5`;
  FS.writeFile(path, bytes);
  try {
    const file = new File(path, 'r');
    try {
      const [values, indexes, seeds] = ['topk_values', 'topk_indexes', 'seeds'].map(
        (key) => file.get(key) as Dataset | null,
      );
      const [rows = 0, topK = 0] = values?.shape ?? [];
      if (
        !values ||
        !indexes ||
        !seeds ||
        indexes.shape?.join() !== `${rows},${topK}` ||
        seeds.shape?.join() !== `${rows}`
      )
        throw new FormatInvalid(
          'published logits',
          `${name} lacks topk_values, topk_indexes or seeds of one number of rows`,
        );
      return {
        rows,
        topK,
        values: new Uint16Array(await rawBytes(values, '<e', name)),
        indexes: new Int16Array(await rawBytes(indexes, '<h', name)),
        seeds: new Int32Array(await rawBytes(seeds, '<i', name)),
      };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof FormatInvalid) throw error;
    throw new FormatInvalid('published logits', `${name} is no readable HDF5 file`, {
      cause: error,
    });
  } finally {
    FS.unlink(path);
  }
}

/** The bytes of a whole dataset: h5wasm itself refuses to interpret float16. */
async function rawBytes(dataset: Dataset, dtype: string, name: string): Promise<ArrayBuffer> {
  const { ready } = await import('h5wasm');
  const module = await ready;
  const { size, total_size: count } = dataset.metadata;
  if (dataset.dtype !== dtype)
    throw new FormatInvalid(
      'published logits',
      `${name}: ${dataset.path} has type ${JSON.stringify(dataset.dtype)}, expected ${dtype}`,
    );
  if (count === 0) return new ArrayBuffer(0);
  const address = module._malloc(size * count);
  try {
    module.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(address));
    return module.HEAPU8.slice(address, address + size * count).buffer;
  } finally {
    module._free(address);
  }
}

/** @throws FormatInvalid when the bytes are no such Parquet file */
export async function readPublishedSpans(bytes: Uint8Array, name: string): Promise<PublishedSpans> {
  const table = await readParquet(bytes, 'published logits');
  const filenames = Array.from(table.column('filename'));
  const seconds = (column: 'start' | 'end'): Int32Array => {
    const values = table.column(column);
    return Int32Array.from({ length: table.rows }, (_, row) => {
      const value = values[row];
      if (typeof value !== 'number' || !(value >= 0))
        throw new FormatInvalid(
          'published logits',
          `${name}: row ${row} has ${column} ${String(value)}`,
        );
      return Math.round(value * sampleRate);
    });
  };
  if (!filenames.every((filename): filename is string => typeof filename === 'string'))
    throw new FormatInvalid('published logits', `${name}: a row has no filename`);
  return { filenames, starts: seconds('start'), ends: seconds('end') };
}
