/**
 * Fits the ensemble's weights to labelled validation, from the scores that the gate stored: no
 * model runs.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { scoredClips, scoredRows } from '../ced/corpus/scored-clips';
import { labelMatrix } from '../ced/metrics/split-scores';
import { fitEnsemble as fitWeights } from '../ced/teachers/ensemble-fit';
import { readCorpusClips } from '../storage/corpus/corpus-clips';
import { requireScores, type StoredScores } from '../storage/scores';
import type { EnsembleFit, FitEnsembleInput } from '../workflows/contract/activities';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';

/**
 * @param onAlive called between the parts of a score
 * @throws {PermanentError} RunFileInvalid where a clip of validation has no labels, or there are
 *   too few clips
 */
export async function fitEnsemble(
  deps: ActivityDependencies,
  { store: uri, planKey, ensemble, search, seed }: FitEnsembleInput,
  onAlive: (phase: string) => void = () => undefined,
): Promise<EnsembleFit> {
  const store = deps.openStore(uri);
  const split = await readCorpusClips(store, planKey, 'validation');
  const refuse = (): never => {
    throw new PermanentError(
      'RunFileInvalid',
      `ensemble: ${search} fits weights to at least two clips of corpus.validation, all of them ` +
        'labelled; label them, or leave ensemble out',
    );
  };
  const labels = labelMatrix(split);
  if (labels === null) return refuse();
  const stored: StoredScores[] = [];
  for (const teacher of ensemble) stored.push(await requireScores(store, teacher, split));
  // Of clips that one of them says nothing of there is no ensemble.
  const without = stored.map(({ unscored }) => unscored);
  const corpus = scoredClips(split, ...without);
  if (corpus.clips.length < 2) return refuse();
  const classes = corpus.vocabulary.length;
  const members = stored.map(({ values, missing }) => ({
    values: scoredRows(values, classes, ...without),
    missing,
  }));
  const fit = await fitWeights(
    {
      members,
      labels: scoredRows(labels, classes, ...without),
      clips: corpus.clips.length,
      classes,
    },
    { search, given: ensemble.map(({ weight }) => weight), seed },
    async () => {
      onAlive('fitting the ensemble');
      await yieldToEventLoop();
      deps.signal?.throwIfAborted();
    },
  );
  const { weights, ...found } = fit;
  const given = ensemble.reduce((sum, { weight }) => sum + weight, 0);
  const teachers = ensemble.map(({ name, weight }, index) => ({
    ...{ name, before: weight / given, weight: weights[index] ?? 0 },
  }));
  return { search, clips: corpus.clips.length, ...found, teachers };
}
