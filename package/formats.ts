/**
 * `ced-distillation/formats`: reads a store (docs/formats.md): what runs returned, and the stored
 * logits with the names of clips and classes. Loads no TensorFlow and writes nothing.
 */
import { rowClasses, rowView, type RowClass, type RowView } from '../ced/logits/row-view';
import { CorpusNames } from '../storage/corpus/corpus-names';
import { layout } from '../storage/layout';
import { audioShardOf, logitShards, readLogitTable } from '../storage/logits/read-logits';
import { openStore } from '../storage/open-store';
import { readRecord } from '../storage/record';
import { resultRecord } from '../storage/run-result';
import type { Store } from '../storage/store';
import type { RunResult } from '../workflows/contract/activities';

/** What the teachers said of one view of one chunk, and under which augmentation. */
export interface LogitRow extends RowView {
  /** null where the store has no corpus with this clip. */
  clip: string | null;
  /** The top K, most probable first. */
  classes: RowClass[];
}

export class StoreReader {
  private readonly store: Store;
  private names: Promise<CorpusNames> | null = null;

  /**
   * @param place a run file's `store`: a folder, `gs://bucket/prefix` or `s3://bucket/prefix`
   * @param root where a relative folder starts. @default the current folder
   */
  constructor(place: string, root = process.cwd()) {
    this.store = openStore(root, place);
  }

  /** Names of the runs that have published a result. */
  async runs(): Promise<string[]> {
    const paths = await this.store.list('runs/');
    return paths.flatMap((path) => /^runs\/([^/]+)\/result\.json$/.exec(path)?.[1] ?? []).sort();
  }

  /** Of the latest run of this name. @throws one line when it has published none */
  async result(run: string): Promise<RunResult> {
    return await readRecord(this.store, layout.latest(run, 'result.json'), resultRecord);
  }

  /** A key for each ensemble and setting of logits that the store has. */
  async logitKeys(): Promise<string[]> {
    return [...(await logitShards(this.store, '')).keys()];
  }

  /** All rows of a key, shard after shard, sorted by clip, chunk and view in each. */
  async *logits(key: string): AsyncGenerator<LogitRow> {
    const names = await (this.names ??= CorpusNames.read(this.store));
    for (const shard of (await logitShards(this.store, key)).get(key) ?? []) {
      const { table } = await readLogitTable(this.store, key, shard);
      const audioShard = await audioShardOf(this.store, key, shard);
      const clips = await names.clipNames(audioShard);
      const className = (index: number): string | null => names.className(audioShard, index);
      for (let row = 0; row < table.rows; row++)
        yield {
          clip: clips[table.clip[row]!] ?? null,
          ...rowView(table, row),
          classes: rowClasses(table, row, table.topK, className),
        };
    }
  }
}
