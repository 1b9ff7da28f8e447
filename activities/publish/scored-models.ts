/**
 * The models of a store that were scored on a run's eval split: the run's own, and those of other
 * runs, with the names that their results give them. What of other runs is damaged, or of a later
 * version, is left out: it is not this run's to repair.
 */
import { knownParameters } from '../../ced/teachers/known-parameters';
import { corpusContent } from '../../storage/corpus/corpus-content';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import { layout } from '../../storage/layout';
import { modelConfigRecord } from '../../storage/models/model-folder';
import { readRecordIfPresent, type RecordFormat } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import { scoresRecord } from '../../storage/scores';
import type { Store } from '../../storage/store';
import type { PublishInput } from '../../workflows/contract/activities';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import type { RunEvaluation } from '../../report/run-evaluation';
import { sizeOf, type ScoredModel } from '../../report/scored-model';

/** Of other runs; the best of them. */
const MOST_OTHERS = 50;

/** @param beforeReading awaited before every model of another run; may throw to give up */
export async function readScoredModels(
  store: Store,
  input: PublishInput,
  evaluation: RunEvaluation | null,
  beforeReading: () => Promise<void>,
): Promise<ScoredModel[]> {
  const { chunkSeconds, splits } = await readCorpus(store, input.planKey);
  const own = await ownModels(store, input, evaluation, chunkSeconds);
  if (!splits.eval) return own;
  const content = await corpusContent(store, input.planKey, 'eval');
  const known = new Set(own.map(({ sha256 }) => sha256));
  const told = await modelsOfRuns(store);
  const others: ScoredModel[] = [];
  for (const key of await store.list('scores/')) {
    const [, sha256 = '', scoredOn] = /^scores\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
    if (scoredOn !== content || known.has(sha256)) continue;
    await beforeReading();
    const scores = await readIfSound(store, key, scoresRecord);
    if (!scores || scores.mAP === null) continue;
    const config = await readIfSound(store, layout.modelConfig(sha256), modelConfigRecord);
    const { name, kind, latency } = told.get(sha256) ?? {
      ...{ name: `model ${sha256.slice(0, 8)}`, kind: 'other', latency: null },
    };
    others.push({
      ...{ sha256, name, kind, isOwn: false },
      mAP: scores.mAP,
      ...(scores.missing ? { missing: scores.missing.length } : {}),
      ...sizeOf(config, null, chunkSeconds),
      // Earlier versions measured a model when they scored it.
      latency: latency ?? scores.latency ?? null,
    });
  }
  return [...own, ...others.sort(byScore).slice(0, MOST_OTHERS)];
}

function byScore(one: ScoredModel, other: ScoredModel): number {
  return (other.mAP ?? 0) - (one.mAP ?? 0) || (one.sha256 < other.sha256 ? -1 : 1);
}

async function ownModels(
  store: Store,
  { kind, ensemble, students }: PublishInput,
  evaluation: RunEvaluation | null,
  chunkSeconds: number,
): Promise<ScoredModel[]> {
  const stated = [
    ...ensemble.map((model, index) => ({
      ...{ model, kind: 'teacher' as const, score: evaluation?.teachers[index] },
      missing: model.missing,
    })),
    ...students.map((model, index) => ({
      ...{ model, kind: kind === 'teach' ? ('labels' as const) : ('student' as const) },
      ...{ score: evaluation?.students[index], missing: undefined },
    })),
  ];
  return await Promise.all(
    stated.map(async ({ model, kind: role, score, missing }): Promise<ScoredModel> => {
      const { name, sha256, parameters } = model;
      const config = await readIfSound(store, layout.modelConfig(sha256), modelConfigRecord);
      return {
        ...{ sha256, name, kind: role, isOwn: true, mAP: score?.mAP ?? null },
        ...(missing === undefined ? {} : { missing }),
        ...sizeOf(config, knownParameters(parameters), chunkSeconds),
        latency: score?.latency ?? null,
      };
    }),
  );
}

type Told = Pick<ScoredModel, 'name' | 'kind' | 'latency'>;

/** By SHA-256, from the latest result of every run. Of several runs, the first by name. */
async function modelsOfRuns(store: Store): Promise<Map<string, Told>> {
  const told = new Map<string, Told>();
  for (const key of await store.list('runs/')) {
    if (!/^runs\/[^/]+\/result\.json$/.test(key)) continue;
    const result = await readIfSound(store, key, resultRecord);
    for (const { name, sha256, latency = null } of result?.students ?? [])
      if (!told.has(sha256))
        told.set(sha256, {
          name: `${result!.run}/${name}`,
          kind: result!.logits === null ? 'labels' : 'student',
          latency,
        });
  }
  return told;
}

async function readIfSound<T>(
  store: Store,
  key: string,
  format: RecordFormat<T>,
): Promise<T | null> {
  try {
    return await readRecordIfPresent(store, key, format);
  } catch (error) {
    if (error instanceof StoreDamaged || error instanceof PermanentError) return null;
    throw error;
  }
}
