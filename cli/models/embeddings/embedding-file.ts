/**
 * Files of embeddings, written row by row in memory that does not grow: the number of rows is known
 * at the end only. A file appears under its name when it is complete.
 */
import { npyTableHeader } from '../../../ced/npy-table';
import { ParquetStream } from '../../../ced/parquet/parquet-stream';
import { requiredColumn } from '../../../ced/parquet/parquet-writer';
import { WholeFile } from '../../whole-file';
import { csvField } from '../../../ced/csv-field';

export interface EmbeddingRow {
  readonly file: string;
  /** Seconds from the start of the recording. */
  readonly start: number;
  readonly end: number;
  /** float32 [width] */
  readonly vector: Float32Array;
}

export interface EmbeddingFile {
  add(rows: readonly EmbeddingRow[]): Promise<void>;
  /** Rows so far. */
  readonly rows: number;
  /** Puts the complete file in its place. */
  finish(): Promise<void>;
  /** Removes what was written; nothing after `finish`. */
  discard(): Promise<void>;
}

/**
 * @param path ends with `.npy` or `.parquet`
 * @throws {UsageError} when it cannot be written
 */
export async function createEmbeddingFile(path: string, width: number): Promise<EmbeddingFile> {
  return path.endsWith('.parquet')
    ? new ParquetRows(await WholeFile.create(path), width)
    : await NpyRows.create(path, width);
}

/** Where the rows of a `.npy` are described: `a.npy` has `a.rows.csv`. */
export function rowsFile(path: string): string {
  return path.replace(/\.npy$/, '.rows.csv');
}

/** float32 [rows, width], and beside it a CSV of the rows. */
class NpyRows implements EmbeddingFile {
  rows = 0;

  private constructor(
    private readonly table: WholeFile,
    private readonly list: WholeFile,
    private readonly width: number,
  ) {}

  static async create(path: string, width: number): Promise<NpyRows> {
    const files: WholeFile[] = [];
    try {
      for (const each of [path, rowsFile(path)]) files.push(await WholeFile.create(each));
      const [table, list] = files as [WholeFile, WholeFile];
      await table.append(npyTableHeader('<f4', 0, width));
      await list.append(Buffer.from('file,start,end\r\n'));
      return new NpyRows(table, list, width);
    } catch (error) {
      await WholeFile.discard(files);
      throw error;
    }
  }

  async add(rows: readonly EmbeddingRow[]): Promise<void> {
    const values = new Float32Array(rows.length * this.width);
    rows.forEach(({ vector }, row) => values.set(vector, row * this.width));
    await this.table.append(new Uint8Array(values.buffer));
    const lines = rows.map(({ file, start, end }) => `${csvField(file)},${start},${end}\r\n`);
    await this.list.append(Buffer.from(lines.join('')));
    this.rows += rows.length;
  }

  async finish(): Promise<void> {
    // Headers are padded: that of any number of rows is as long as the one it replaces.
    await this.table.overwrite(npyTableHeader('<f4', this.rows, this.width));
    await WholeFile.finish([this.list, this.table]);
  }

  async discard(): Promise<void> {
    await WholeFile.discard([this.table, this.list]);
  }
}

/** Rows of a group, which memory holds. */
const GROUP_ROWS = 1024;

class ParquetRows implements EmbeddingFile {
  rows = 0;
  private waiting: EmbeddingRow[] = [];
  private readonly stream: ParquetStream;

  constructor(
    private readonly file: WholeFile,
    width: number,
  ) {
    const columns = [
      { name: 'file', schema: requiredColumn('file', 'BYTE_ARRAY', 'UTF8') },
      { name: 'start', schema: requiredColumn('start', 'DOUBLE', null) },
      { name: 'end', schema: requiredColumn('end', 'DOUBLE', null) },
      {
        name: 'embedding',
        schema: [
          {
            name: 'embedding',
            repetition_type: 'REQUIRED',
            converted_type: 'LIST',
            num_children: 1,
          },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
        ],
      },
    ] as const;
    this.stream = new ParquetStream(columns, { format: 'ced.embeddings/1', width: String(width) });
  }

  async add(rows: readonly EmbeddingRow[]): Promise<void> {
    this.waiting.push(...rows);
    this.rows += rows.length;
    if (this.waiting.length >= GROUP_ROWS) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.file.append(this.stream.finish());
    await WholeFile.finish([this.file]);
  }

  async discard(): Promise<void> {
    await WholeFile.discard([this.file]);
  }

  private async flush(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    if (waiting.length === 0) return;
    const bytes = this.stream.group([
      waiting.map(({ file }) => file),
      waiting.map(({ start }) => start),
      waiting.map(({ end }) => end),
      waiting.map(({ vector }) => [...vector]),
    ]);
    await this.file.append(bytes);
  }
}
