/** What the scores of a split are worth, before they are kept. Clips without one do not count. */
import { scoredClips, scoredRows } from '../corpus/scored-clips';
import type { CorpusClips } from '../corpus/corpus-clip';
import { outputFault } from '../teachers/output-fault';
import type { ClipScores } from './clip-means';
import { splitMAP } from './split-scores';

/**
 * @param of.missing the run's classes that the model lacks
 * @returns what is wrong, as the end of a sentence that names the model, or null
 */
export function scoresFault(
  { values, unscored, leftOut }: ClipScores,
  { clips, vocabulary }: CorpusClips,
  { isDeclared, missing }: { isDeclared: boolean; missing: readonly number[] },
): string | null {
  const { length: classes } = vocabulary;
  const [named] = leftOut?.named ?? [];
  if (named && unscored.length === clips.length)
    return `it says nothing of any clip: of ${named.clip} it ${named.why}`;
  const own = scoredRows(values, classes, unscored);
  return outputFault(own, clips.length - unscored.length, classes, isDeclared, missing);
}

/** Macro mAP of the clips that have a score, null where one of them has no labels. */
export function scoresMAP(
  { values, unscored }: { values: Float32Array; unscored: readonly number[] },
  clips: CorpusClips,
  missing: readonly number[],
): number | null {
  const own = scoredRows(values, clips.vocabulary.length, unscored);
  return splitMAP(own, scoredClips(clips, unscored), missing);
}
