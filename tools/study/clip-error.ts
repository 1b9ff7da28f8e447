/**
 * The sampling error that the evaluation clips alone put into a difference of mAP: a bootstrap over
 * the clips, paired, of the scores that the study's store holds of two models.
 */
import { bootstrap } from '../../ced/metrics/bootstrap';
import { drawnGain, RankedClasses } from '../../ced/metrics/ranked-classes';
import { labelMatrix } from '../../ced/metrics/split-scores';
import type { CorpusClips } from '../../ced/corpus/corpus-clip';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import { readScores } from '../../storage/scores';
import type { Store } from '../../storage/store';

export interface ClipError {
  /** Standard deviation of the difference, of one student with each side. */
  readonly deviation: number;
  readonly clips: number;
}

const DRAWS = 200;
const SEED = 1;

/** Every evaluation split with labels in a store, by its content. */
export async function labelledEvaluations(store: Store): Promise<Map<string, CorpusClips>> {
  const found = new Map<string, CorpusClips>();
  const keys = (await store.list('plans/')).filter((key) => key.endsWith('/corpus.json'));
  for (const key of keys) {
    const planKey = key.split('/')[1] ?? '';
    if (!(await readCorpus(store, planKey)).splits.eval) continue;
    const clips = await readCorpusClips(store, planKey, 'eval');
    if (labelMatrix(clips) !== null) found.set(clips.contentSha256, clips);
  }
  return found;
}

/** null where the store has no scores of both on one of these splits. */
export async function clipError(
  store: Store,
  evaluations: ReadonlyMap<string, CorpusClips>,
  [reference, other]: readonly [referenceSha256: string, otherSha256: string],
): Promise<ClipError | null> {
  for (const [content, corpus] of evaluations) {
    const tables = [
      await readScores(store, reference, content),
      await readScores(store, other, content),
    ];
    const labels = labelMatrix(corpus);
    if (!tables[0] || !tables[1] || labels === null) continue;
    const [first, second] = [tables[0].values, tables[1].values];
    const classes = corpus.vocabulary.length;
    return {
      deviation: await differenceError([first, second], labels, classes),
      clips: corpus.clips.length,
    };
  }
  return null;
}

/** @param scores of both models, row-major [clips, classes] like `labels` */
export async function differenceError(
  [first, second]: readonly [Float32Array, Float32Array],
  labels: Uint8Array,
  classes: number,
): Promise<number> {
  const rows = labels.length / classes;
  const ranked = (of: Float32Array): Promise<RankedClasses> =>
    RankedClasses.of({ scores: of, targets: labels, rows, classes }, () => Promise.resolve());
  const gain = drawnGain([await ranked(second), await ranked(first)], rows);
  return bootstrap(rows, gain, { draws: DRAWS, seed: SEED }).deviation;
}
