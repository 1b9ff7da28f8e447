/** Clip ids as a table can hold them. */
import { createHash } from 'node:crypto';
import { LONGEST_CLIP_ID } from '../../ced/corpus/table-row';
import type { Dataset } from './datasets/dataset';

/** Hex digits of the id's hash: no two of a dataset's ids share them. */
const HASH = 16;

/** Ids are paths below the dataset; of one that is too long the hash and the end are kept. */
export function withClipIds(dataset: Dataset): Dataset {
  const clips = dataset.clips.map((clip) =>
    clip.clip.length > LONGEST_CLIP_ID ? { ...clip, clip: shortened(clip.clip) } : clip,
  );
  return { ...dataset, clips };
}

function shortened(id: string): string {
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH);
  // No half of a surrogate pair at the beginning.
  const end = id.slice(HASH + 1 - LONGEST_CLIP_ID).replace(/^[\uDC00-\uDFFF]/, '');
  return `${hash}/${end}`;
}
