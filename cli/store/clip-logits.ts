/**
 * One clip in a store's logits: every view of every chunk with its augmentation and its most
 * probable classes.
 */
import { CorpusNames } from '../../storage/corpus/corpus-names';
import { audioShardOf, logitShards, readLogitTable } from '../../storage/logits/read-logits';
import type { Store } from '../../storage/store';
import type { LogitTable } from '../../ced/logits/logit-table';
import { rowClasses, rowView, type RowClass, type RowView } from '../../ced/logits/row-view';

export interface ClipView extends RowView {
  tags: RowClass[];
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
    views.push({ ...rowView(table, row), tags: rowClasses(table, row, top, className) });
  }
  return views;
}
