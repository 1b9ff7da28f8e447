/**
 * The audio of clips that lie in Parquet files. Clips are asked for in the order of their rows, so
 * a shard reads each page of a row group once; one page is in memory at a time.
 */
import { BinaryColumn } from '../../ced/parquet/binary-column';
import type { ListedClip } from '../../ced/corpus/listing';
import { openSource } from '../../storage/sources/open-source';
import { readSource, SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import { ParquetBroken } from '../../ced/parquet/parquet-pages';

export class ParquetAudio {
  private open: { key: string; column: BinaryColumn } | null = null;
  /** Reads follow one another, however many clips wait. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly sources: SourceOptions) {}

  /**
   * @returns the clip's encoded audio
   * @throws {SourceUnreadable} when the row has none, or its page is damaged
   */
  async read(clip: ListedClip): Promise<Uint8Array> {
    const reading = this.last.then(() => this.readNext(clip));
    this.last = reading.catch(() => undefined);
    return await reading;
  }

  private async readNext({ audio, range, cell }: ListedClip): Promise<Uint8Array> {
    if (!range || !cell) throw new TypeError(`${audio} is no clip of a Parquet file`);
    const source = openSource(audio, this.sources);
    const key = `${range.offset} ${audio}`;
    // Damaged pages are not passed again either: the next clip begins anew.
    const known = this.open?.key === key && this.open.column.firstRow <= cell.row && this.open;
    const column = known
      ? known.column
      : new BinaryColumn({ ...range, ...cell }, (offset, bytes) =>
          readSource(source, bytes, { offset, bytes }),
        );
    this.open = null;
    try {
      const bytes = await column.read(cell.row);
      this.open = { key, column };
      if (bytes) return bytes;
    } catch (error) {
      if (!(error instanceof ParquetBroken)) throw error;
      throw new SourceUnreadable(`${source.name} is damaged: ${error.message}`, { cause: error });
    }
    throw new SourceUnreadable(`no audio in row ${cell.row} of its row group in ${source.name}`);
  }
}
