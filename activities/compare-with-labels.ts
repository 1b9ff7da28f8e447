/**
 * Compares the ensemble with a model that learned from labels alone, from the scores of validation
 * that the gate stored: no model runs.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { scoredClips, scoredRows } from '../ced/corpus/scored-clips';
import { bootstrapInParts } from '../ced/metrics/bootstrap';
import { drawnGain, RankedClasses } from '../ced/metrics/ranked-classes';
import { labelMatrix } from '../ced/metrics/split-scores';
import { readCorpusClips } from '../storage/corpus/corpus-clips';
import { ensembleScores, requireScores } from '../storage/scores';
import type {
  CompareWithLabelsInput,
  LabelsComparison,
} from '../workflows/contract/labels-comparison';
import type { ActivityDependencies } from './dependencies';

const DRAWS = 1000;
const SEED = 1;

/**
 * @param onAlive called between the parts of the arithmetic
 * @returns null where a clip of validation has no labels, or none has scores of all models
 */
export async function compareWithLabels(
  deps: ActivityDependencies,
  { store: uri, planKey, ensemble, fromLabels }: CompareWithLabelsInput,
  onAlive: (phase: string) => void = () => undefined,
): Promise<LabelsComparison | null> {
  const store = deps.openStore(uri);
  const split = await readCorpusClips(store, planKey, 'validation');
  const labels = labelMatrix(split);
  if (labels === null) return null;
  const followed = await ensembleScores(store, ensemble, split);
  const own = await requireScores(store, fromLabels, split);
  const without = [followed.unscored, own.unscored];
  const classes = split.vocabulary.length;
  const rows = scoredClips(split, ...without).clips.length;
  if (rows === 0) return null;
  const onPart = async (): Promise<void> => {
    onAlive('comparing with labels');
    await yieldToEventLoop();
    deps.signal?.throwIfAborted();
  };
  const targets = scoredRows(labels, classes, ...without);
  const ranked = (values: Float32Array): Promise<RankedClasses> =>
    RankedClasses.of(
      { scores: scoredRows(values, classes, ...without), targets, rows, classes },
      onPart,
    );
  const [ofEnsemble, ofLabels] = [await ranked(followed.values), await ranked(own.values)];
  const once = new Uint32Array(rows).fill(1);
  const mAP = {
    ensemble: ofEnsemble.meanAveragePrecision(once),
    fromLabels: ofLabels.meanAveragePrecision(once),
  };
  if (mAP.ensemble === null || mAP.fromLabels === null) return null;
  const { low, high } = await bootstrapInParts(
    rows,
    drawnGain([ofEnsemble, ofLabels], rows),
    { draws: DRAWS, seed: SEED },
    onPart,
  );
  return {
    clips: rows,
    mAP: { ensemble: mAP.ensemble, fromLabels: mAP.fromLabels },
    gain: { mean: mAP.fromLabels - mAP.ensemble, low, high },
  };
}
