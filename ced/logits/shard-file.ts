/**
 * A logit shard as a Parquet file that DuckDB and pyarrow read without code of ours;
 * docs/formats.md describes it column by column. Equal tables are equal bytes. Probabilities are
 * DOUBLE columns holding exact float16 values, because byte-split FLOAT16 is not read everywhere.
 */
import { FormatInvalid } from '../format-invalid';
import { readParquet, type ParquetTable } from '../parquet/parquet-reader';
import { requiredColumn, writeParquet, type ParquetColumn } from '../parquet/parquet-writer';
import { halfValues, toHalf } from './half';
import { createLogitTable, firstUnsortedRow, type LogitTable } from './logit-table';
import { assignSlots } from './slots';

export const logitShardFormat = 'ced.logits/1';

export interface EncodeSettings {
  /**
   * Brotli's quality: 11 is smallest at some 8,000 rows/s, 10 a hundredth larger at twice the
   * speed. @default 11
   */
  readonly quality?: number;
  /** Called many times while a large table is encoded; may throw to give up. */
  readonly onPart?: (() => void) | undefined;
}

const defaultQuality = 11;

/** Column name in the file, field of the table, and the field's width. */
const parameterColumns = [
  ['chunk', 'chunk', 'UINT_16'],
  ['view', 'view', 'UINT_16'],
  ['time_start', 'timeStart', 'UINT_16'],
  ['time_width', 'timeWidth', 'UINT_16'],
  ['freq_start', 'freqStart', 'UINT_8'],
  ['freq_width', 'freqWidth', 'UINT_8'],
] as const;

/**
 * @throws RangeError when rows are not sorted by clip, chunk, view, or a row names a class twice
 */
export async function encodeLogitShard(
  table: LogitTable,
  { quality = defaultQuality, onPart }: EncodeSettings = {},
): Promise<Uint8Array> {
  const unsorted = firstUnsortedRow(table);
  if (unsorted >= 0)
    throw new RangeError(`row ${unsorted} of the logits is not after the row before it`);
  const repeated = firstRepeatedClass(table);
  if (repeated >= 0) throw new RangeError(`row ${repeated} of the logits names a class twice`);
  const parameters = parameterColumns.map(([name, field, width]): ParquetColumn => {
    return {
      name,
      schema: requiredColumn(name, 'INT32', width),
      encoding: 'BYTE_STREAM_SPLIT',
      data: Int32Array.from(table[field]),
    };
  });
  const columns: ParquetColumn[] = [
    {
      name: 'clip',
      schema: requiredColumn('clip', 'INT32', 'UINT_32'),
      encoding: 'DELTA_BINARY_PACKED',
      data: Int32Array.from(table.clip),
    },
    ...parameters.slice(0, 2),
    shiftColumn(table),
    ...parameters.slice(2),
    ...(await pairColumns(table, onPart)),
  ];
  return await writeParquet(columns, { quality, metadata: { format: logitShardFormat } }, onPart);
}

/**
 * Half of all views are not shifted; NULL costs them a bit each. The others are all alike probable:
 * no two have a difference worth knowing.
 */
function shiftColumn({ shift }: LogitTable): ParquetColumn {
  return {
    name: 'shift',
    schema: [{ name: 'shift', type: 'INT32', repetition_type: 'OPTIONAL' }],
    encoding: 'BYTE_STREAM_SPLIT',
    data: Array.from(shift, (samples) => (samples === 0 ? null : samples)),
  };
}

async function pairColumns(table: LogitTable, onPart?: () => void): Promise<ParquetColumn[]> {
  const { rows, topK, indexes, values } = table;
  const order = await assignSlots(table, onPart);
  const classColumns: ParquetColumn[] = [];
  const valueColumns: ParquetColumn[] = [];
  for (let slot = 0; slot < topK; slot++) {
    const classes = new Int32Array(rows);
    const probabilities = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const at = row * topK + order[row * topK + slot]!;
      classes[row] = indexes[at]!;
      probabilities[row] = halfValues[values[at]!]!;
    }
    const [indexName, valueName] = pairNames(slot);
    classColumns.push({
      name: indexName,
      schema: requiredColumn(indexName, 'INT32', 'UINT_16'),
      encoding: 'BYTE_STREAM_SPLIT',
      data: classes,
    });
    valueColumns.push({
      name: valueName,
      schema: requiredColumn(valueName, 'DOUBLE', null),
      encoding: 'BYTE_STREAM_SPLIT',
      data: probabilities,
    });
  }
  return [...classColumns, ...valueColumns];
}

function pairNames(slot: number): [string, string] {
  const number = String(slot).padStart(2, '0');
  return [`i${number}`, `p${number}`];
}

/** @throws FormatInvalid when the bytes are no logit shard of this version */
export async function decodeLogitShard(bytes: Uint8Array): Promise<LogitTable> {
  const file = readParquet(bytes, 'logit shard');
  if (file.metadata['format'] !== logitShardFormat)
    throw new FormatInvalid(
      'logit shard',
      `its format is ${file.metadata['format'] ?? 'not stated'}`,
    );
  const topK = file.columnNames.filter((name) => /^i\d+$/.test(name)).length;
  const table = createLogitTable(file.rows, topK);
  table.clip.set(file.column('clip', 'int32') as ArrayLike<number>);
  const shift = file.column('shift', 'nullable int32') as ArrayLike<number | null>;
  table.shift.set(Int32Array.from(shift, (samples) => samples ?? 0));
  for (const [name, field, width] of parameterColumns)
    table[field].set(wholeNumbers(file, name, width === 'UINT_8' ? 0xff : 0xffff));
  readPairs(file, table);
  if (firstUnsortedRow(table) >= 0)
    throw new FormatInvalid('logit shard', `row ${firstUnsortedRow(table)} is out of order`);
  if (firstRepeatedClass(table) >= 0)
    throw new FormatInvalid('logit shard', `row ${firstRepeatedClass(table)} names a class twice`);
  return table;
}

/** Stored as int32, of which the field takes the lower bits alone. */
function wholeNumbers(file: ParquetTable, name: string, largest: number): ArrayLike<number> {
  const numbers = file.column(name, 'int32') as ArrayLike<number>;
  for (let row = 0; row < numbers.length; row++)
    if (!(numbers[row]! >= 0 && numbers[row]! <= largest))
      throw new FormatInvalid('logit shard', `row ${row} holds ${numbers[row]} as ${name}`);
  return numbers;
}

function readPairs(file: ParquetTable, { rows, topK, indexes, values }: LogitTable): void {
  // (float16 bits, inverted class) in one uint32 orders a row, as in top-k.ts.
  const ranks = new Uint32Array(rows * topK);
  for (let slot = 0; slot < topK; slot++) {
    const [indexName, valueName] = pairNames(slot);
    const classes = wholeNumbers(file, indexName, 0xffff);
    const probabilities = file.column(valueName, 'number') as ArrayLike<number>;
    for (let row = 0; row < rows; row++) {
      const half = toHalf(probabilities[row]!);
      if (halfValues[half] !== probabilities[row] || half > 0x7bff)
        throw new FormatInvalid(
          'logit shard',
          `row ${row} holds ${probabilities[row]} as ${valueName}`,
        );
      ranks[row * topK + slot] = half * 0x10000 + (0xffff - classes[row]!);
    }
  }
  for (let row = 0; row < rows; row++) {
    const ranked = ranks
      .subarray(row * topK, (row + 1) * topK)
      .sort()
      .reverse();
    for (let rank = 0; rank < topK; rank++) {
      indexes[row * topK + rank] = 0xffff - (ranked[rank]! & 0xffff);
      values[row * topK + rank] = ranked[rank]! >>> 16;
    }
  }
}

function firstRepeatedClass({ rows, topK, indexes }: LogitTable): number {
  const lastSeen = new Int32Array(0x10000).fill(-1);
  for (let at = 0; at < rows * topK; at++) {
    const row = Math.floor(at / topK);
    if (lastSeen[indexes[at]!] === row) return row;
    lastSeen[indexes[at]!] = row;
  }
  return -1;
}
