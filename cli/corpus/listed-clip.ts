import type { ListedClip } from '../../ced/corpus/listing';
import type { DatasetClip } from './datasets/dataset';

/** A dataset's clip as ingest reads it, without its labels. */
export function listedClip({ clip, audio, segment, embedded }: DatasetClip): ListedClip {
  return {
    ...{ clip, audio, fingerprint: '', labels: null },
    ...(segment ? { segment } : {}),
    ...(embedded ? { range: embedded.range } : {}),
    ...(embedded?.cell ? { cell: embedded.cell } : {}),
  };
}
