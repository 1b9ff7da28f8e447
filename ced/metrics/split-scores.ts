/** Scores of a split compared with its labels. */
import { meanAveragePrecision } from './mean-average-precision';
import type { CorpusClips } from '../corpus/corpus-clip';

/**
 * Macro mAP of scores on the split's labels, null where a clip has none.
 * @param missing classes that the model does not know: the mean is over the others
 */
export function splitMAP(
  scores: Float32Array,
  audio: CorpusClips,
  missing: readonly number[] = [],
): number | null {
  const targets = labelMatrix(audio);
  return (
    targets &&
    meanAveragePrecision({
      scores,
      targets,
      rows: audio.clips.length,
      classes: audio.vocabulary.length,
      missing,
    }).mean
  );
}

/** uint8 [clips, classes], or null where a clip has no labels. */
export function labelMatrix(audio: CorpusClips): Uint8Array | null {
  const classes = audio.vocabulary.length;
  const targets = new Uint8Array(audio.clips.length * classes);
  for (const [index, clip] of audio.clips.entries()) {
    if (clip.labels === null) return null;
    for (const label of clip.labels) targets[index * classes + label] = 1;
  }
  return targets;
}
