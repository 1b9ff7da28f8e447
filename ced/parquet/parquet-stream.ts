/**
 * A Parquet file that is written group by group, so that memory holds one group of rows. Like
 * `parquet-writer.ts` it writes no date, path or library version: equal tables in equal groups are
 * equal bytes. Nothing is compressed: it is meant for numbers that would not get smaller.
 */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { CREATED_BY } from './parquet-writer';

export interface StreamColumn {
  readonly name: string;
  /** One element for a flat column, three for a list. */
  readonly schema: readonly SchemaElement[];
}

export class ParquetStream {
  private readonly writer = new ByteWriter(1 << 16);
  private readonly file: ParquetWriter;

  constructor(
    private readonly columns: readonly StreamColumn[],
    metadata: Readonly<Record<string, string>>,
  ) {
    this.file = new ParquetWriter({
      writer: this.writer,
      schema: [
        { name: 'root', num_children: columns.length },
        ...columns.flatMap(({ schema }) => schema),
      ],
      codec: 'UNCOMPRESSED',
      statistics: false,
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      createdBy: CREATED_BY,
    });
  }

  /**
   * @param data a group of rows, by column
   * @returns the next bytes of the file
   */
  group(data: readonly (readonly unknown[])[]): Uint8Array {
    const columnData = this.columns.map(({ name }, index) => ({
      name,
      data: data[index] as unknown[],
      offsetIndex: false,
    }));
    void this.file.write({ columnData, rowGroupSize: Math.max(1, data[0]?.length ?? 0) });
    return this.taken();
  }

  /** @returns the last bytes of the file */
  finish(): Uint8Array {
    void this.file.finish();
    return this.taken();
  }

  private taken(): Uint8Array {
    const bytes = this.writer.getBytes().slice();
    this.writer.index = 0; // the file's offsets go on
    return bytes;
  }
}
