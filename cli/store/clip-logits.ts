/**
 * One clip in a store's logits: every view of every chunk with its augmentation and its most
 * probable classes.
 */
import { CorpusNames } from '../../storage/corpus/corpus-names';
import { audioShardOf, logitShards, readLogitTable } from '../../storage/logits/read-logits';
import type { Store } from '../../storage/store';
import { halfValues } from '../../ced/logits/half';
import type { LogitTable } from '../../ced/logits/logit-table';

export interface ClipView {
  chunk: number;
  view: number;
  /** Samples; 0 = not applied. */
  shift: number;
  timeMask: { start: number; width: number };
  freqMask: { start: number; width: number };
  tags: { index: number; name: string | null; probability: number }[];
}

export interface ClipLogits {
  key: string;
  clip: string;
  views: ClipView[];
}

/** @param top tags of a view. One entry for each key that has the clip. */
export async function clipLogits(
  store: Store,
  clip: string,
  { keyPrefix, top }: { keyPrefix: string; top: number },
): Promise<ClipLogits[]> {
  const names = await CorpusNames.read(store);
  const found: ClipLogits[] = [];
  for (const [key, audioShards] of await logitShards(store, keyPrefix)) {
    for (const audioShard of audioShards) {
      const audio = await audioShardOf(store, key, audioShard);
      const row = await names.clipRow(audio, clip);
      if (row === null) continue;
      const { table } = await readLogitTable(store, key, audioShard);
      found.push({
        key,
        clip,
        views: viewsOf(table, row, top, (index) => names.className(audio, index)),
      });
    }
  }
  return found;
}

function viewsOf(
  table: LogitTable,
  clip: number,
  top: number,
  className: (index: number) => string | null,
): ClipView[] {
  const views: ClipView[] = [];
  for (let row = 0; row < table.rows; row++) {
    if (table.clip[row] !== clip) continue;
    const tags = Array.from({ length: Math.min(top, table.topK) }, (_, rank) => {
      const index = table.indexes[row * table.topK + rank]!;
      return {
        index,
        name: className(index),
        probability: halfValues[table.values[row * table.topK + rank]!]!,
      };
    });
    views.push({
      chunk: table.chunk[row]!,
      view: table.view[row]!,
      shift: table.shift[row]!,
      timeMask: { start: table.timeStart[row]!, width: table.timeWidth[row]! },
      freqMask: { start: table.freqStart[row]!, width: table.freqWidth[row]! },
      tags,
    });
  }
  return views;
}
