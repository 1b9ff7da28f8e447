/** Rows of several tables that name the same audio, for one split, are one clip. */
import { counted } from '../../../ced/counted';
import { csvField } from '../../../ced/csv-field';
import { isSameLabels } from '../../../ced/corpus/label-list';
import type { DatasetClip } from './dataset';

type TableClip = DatasetClip & { table: string };

/**
 * The labels are those of the first table that has any.
 * @param notes receives how many rows were joined, and where labels differ
 */
export function mergeRows(clips: readonly TableClip[], notes: string[]): DatasetClip[] {
  const firsts = new Map<string, TableClip>();
  const kept: TableClip[] = [];
  const differing: string[] = [];
  for (const clip of clips) {
    const { audio, segment, split } = clip;
    const key = JSON.stringify([audio, segment?.start, segment?.end, split]);
    const first = firsts.get(key);
    if (first && first.table !== clip.table) {
      if (first.labels && clip.labels && !isSameLabels(first.labels, clip.labels))
        differing.push(`${first.clip} (${first.labels.map(csvField).join(', ')}) and ${clip.clip}`);
      first.labels ??= clip.labels;
      continue;
    }
    const own = { ...clip };
    if (!first) firsts.set(key, own);
    kept.push(own);
  }
  const joined = clips.length - kept.length;
  if (joined > 0)
    notes.push(
      counted(
        joined,
        'row names audio that a table before names too, and is',
        'rows name audio that a table before names too, and are',
      ) + ' one clip with it',
    );
  if (differing.length > 0)
    notes.push(
      'the tables label ' +
        counted(differing.length, 'clip', 'clips') +
        ` differently; the first one's labels are kept, ` +
        `for example ${differing[0]}`,
    );
  return kept.map(({ table: _, ...clip }) => clip);
}
