/**
 * One pair of files as the paper's code writes it: `logits_ep{E}_{rank}.h5` with `topk_values`
 * (float16), `topk_indexes` (int16) and `seeds` (int32), and a `.parquet` of the same name whose
 * rows say which clip and which part of it. https://github.com/RicherMans/CED (save_logits.py)
 */
import type { Dataset } from 'h5wasm';
import { FormatInvalid } from '../../format-invalid';
import { readParquet } from '../../parquet/parquet-reader';

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

type H5Module = Awaited<(typeof import('h5wasm'))['ready']>;

const sampleRate = 16_000;
const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const mountedAt = '/published.h5';

/** Deflate, shuffle and Fletcher-32: what h5py writes of numbers. */
const knownFilters = new Set([1, 2, 3]);
const deflate = 1;
/** Deflate makes a byte of at most so many. https://zlib.net/zlib_tech.html */
const mostInflated = 1032;
/** Of one dataset, and of one chunk of it. */
const largestDatasetBytes = 2 ** 30;

/**
 * A broken file leaves HDF5's library in an undefined state, so nothing else is read in the process
 * afterwards: see storage/reader.
 * @throws FormatInvalid when the bytes are no such HDF5 file
 */
export async function readPublishedRows(bytes: Uint8Array, name: string): Promise<PublishedRows> {
  // h5wasm opens anything and complains on standard error: look first.
  if (!signature.every((byte, at) => bytes[at] === byte)) throw invalid(`${name} is no HDF5 file`);
  const { File, ready } = await import('h5wasm');
  const module = await ready;
  // In WebAssembly's own memory: nothing is written to disk.
  module.FS.writeFile(mountedAt, bytes);
  const release = refuseOtherFiles(module, mountedAt);
  try {
    const file = new File(mountedAt, 'r');
    try {
      const numbers = (key: string, dtype: string): NumberDataset =>
        new NumberDataset(module, file.get(key), { key, dtype, name, fileBytes: bytes.length });
      const values = numbers('topk_values', '<e');
      const indexes = numbers('topk_indexes', '<h');
      const seeds = numbers('seeds', '<i');
      const [rows = 0, topK = 0] = values.shape;
      if (
        values.shape.length !== 2 ||
        indexes.shape.join() !== `${rows},${topK}` ||
        seeds.shape.join() !== `${rows}`
      )
        throw invalid(`${name}: topk_values, topk_indexes and seeds differ in their rows`);
      if (topK < 1) throw invalid(`${name} keeps no probability of a row`);
      return {
        rows,
        topK,
        values: new Uint16Array(values.read()),
        indexes: new Int16Array(indexes.read()),
        seeds: new Int32Array(seeds.read()),
      };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof FormatInvalid) throw error;
    throw invalid(`${name} is no readable HDF5 file: ${firstLine(error)}`, error);
  } finally {
    release();
    module.FS.unlink(mountedAt);
  }
}

/**
 * A dataset may name other files that hold its values ("external storage"), of which h5wasm says
 * nothing. @returns a function that ends the refusal
 */
function refuseOtherFiles({ FS }: H5Module, path: string): () => void {
  const files = FS as unknown as { open: (path: string, ...rest: unknown[]) => unknown };
  const { open } = files;
  files.open = (wanted, ...rest) => {
    if (wanted !== path) throw new Error(`it wants to read ${wanted}`);
    return open(wanted, ...rest);
  };
  return () => void (files.open = open);
}

/** A dataset that lies in its own file, of a size that the file can hold. */
class NumberDataset {
  readonly shape: readonly number[];
  private readonly bytes: number;
  private readonly dataset: Dataset;

  /** @throws FormatInvalid for any other */
  constructor(
    private readonly module: H5Module,
    found: unknown,
    private readonly expected: { key: string; dtype: string; name: string; fileBytes: number },
  ) {
    const { key, dtype, name, fileBytes } = expected;
    // Groups and links that lead nowhere or out of the file have no metadata.
    if (typeof found !== 'object' || found === null || !('metadata' in found))
      throw invalid(`${name} has no dataset ${key}`);
    this.dataset = found as Dataset;
    const { metadata, dtype: stored } = this.dataset;
    const { shape, size, chunks, total_size: count } = metadata;
    if (stored !== dtype)
      throw invalid(`${name}: ${key} has type ${JSON.stringify(stored)}, expected ${dtype}`);
    if (metadata.virtual_sources)
      throw invalid(`${name}: ${key} is put together from other datasets, expected its own values`);
    const filters = this.module.get_dataset_filters(this.dataset.file_id, this.dataset.path);
    const unknown = filters.find(({ id }) => !knownFilters.has(id));
    if (unknown)
      throw invalid(`${name}: ${key} passes filter ${unknown.id}, expected gzip or none`);
    this.shape = shape ?? [];
    this.bytes = size * count;
    const inflated = filters.some(({ id }) => id === deflate) ? mostInflated : 1;
    const chunkBytes = (chunks ?? []).reduce((product, extent) => product * extent, size);
    if (!(this.bytes <= Math.min(largestDatasetBytes, fileBytes * inflated)))
      throw invalid(
        `${name}: ${key} claims ${count} values, more than ${fileBytes} bytes can hold`,
      );
    if (!(chunkBytes <= largestDatasetBytes))
      throw invalid(`${name}: ${key} claims chunks of ${chunkBytes} bytes`);
  }

  /** The bytes of the whole dataset: h5wasm itself refuses to interpret float16. */
  read(): ArrayBuffer {
    const { module, bytes, dataset, expected } = this;
    if (bytes === 0) return new ArrayBuffer(0);
    const address = module._malloc(bytes);
    if (address === 0) throw invalid(`${expected.name}: ${expected.key} does not fit into memory`);
    try {
      const { file_id: file, path } = dataset;
      const status = module.get_dataset_data(file, path, null, null, null, BigInt(address));
      if (status < 0)
        throw invalid(`${expected.name}: the values of ${expected.key} cannot be read`);
      return module.HEAPU8.slice(address, address + bytes).buffer;
    } finally {
      module._free(address);
    }
  }
}

/** HDF5's own account of an error is a page long. */
function firstLine(error: unknown): string {
  return (String((error as Error).message).split('\n', 1)[0] ?? '').slice(0, 200);
}

function invalid(detail: string, cause?: unknown): FormatInvalid {
  return new FormatInvalid('published logits', detail, { cause });
}

/** @throws FormatInvalid when the bytes are no such Parquet file */
export async function readPublishedSpans(bytes: Uint8Array, name: string): Promise<PublishedSpans> {
  const table = readParquet(bytes, 'published logits');
  const filenames = Array.from(table.column('filename', 'text'));
  const seconds = (column: 'start' | 'end'): Int32Array => {
    const values = table.column(column, 'nullable number');
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
