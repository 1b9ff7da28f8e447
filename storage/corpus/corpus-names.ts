/** Names of clips and classes in a store, by audio shard: logits hold only numbers. */
import { SPLITS } from '../../workflows/contract/models';
import { readRecord } from '../record';
import type { Store } from '../store';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { ingestRecord } from './ingest-manifest';
import { corpusRecord } from './corpus-manifest';

interface NamedShard {
  vocabulary: Vocabulary;
  ingest: string;
}

export class CorpusNames {
  private constructor(
    private readonly store: Store,
    private readonly shards: ReadonlyMap<string, NamedShard>,
  ) {}

  static async read(store: Store): Promise<CorpusNames> {
    const shards = new Map<string, NamedShard>();
    for (const path of await store.list('plans/')) {
      if (!path.endsWith('/corpus.json')) continue;
      const { splits, vocabulary } = await readRecord(store, path, corpusRecord);
      for (const split of SPLITS)
        for (const { audioSha256, ingest } of splits[split]?.shardsOf ?? [])
          shards.set(audioSha256, { vocabulary, ingest });
    }
    return new CorpusNames(store, shards);
  }

  className(audioShard: string, index: number): string | null {
    return this.shards.get(audioShard)?.vocabulary[index]?.name ?? null;
  }

  /** Row of a clip in its audio shard's table, or null where it is not in that shard. */
  async clipRow(audioShard: string, clip: string): Promise<number | null> {
    const row = (await this.clipNames(audioShard)).indexOf(clip);
    return row < 0 ? null : row;
  }

  /** In the order of the audio shard's table; empty for a shard of no corpus. */
  async clipNames(audioShard: string): Promise<string[]> {
    const shard = this.shards.get(audioShard);
    if (!shard) return [];
    const { clips } = await readRecord(this.store, shard.ingest, ingestRecord);
    return clips.map(({ clip }) => clip);
  }
}
