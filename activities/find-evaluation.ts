/**
 * Finds an earlier run of this name that evaluated the same: clips with the same content, whatever
 * their files are called, teachers with the same weights, and the same settings. The champion is
 * left out of the comparison, so that the next scheduled run does not promote a model again that
 * was rolled back.
 */
import { canonicalJson } from '../ced/canonical-json';
import { trainerOptions } from '../ced/training/trainer-options';
import type {
  FindEvaluationInput,
  FoundEvaluation,
  StandingChampion,
} from '../workflows/contract/promotion';
import type { Student } from '../workflows/contract/run-file-sections';
import { StoreDamaged } from '../workflows/contract/damage';
import { furtherRatesOf } from '../workflows/contract/sample-rates';
import { ChampionLedger } from '../storage/champion-ledger';
import { contentOfSplitAtRate } from '../storage/corpus/clips-at-rate';
import { corpusContent } from '../storage/corpus/corpus-content';
import type { ActivityDependencies } from './dependencies';
import { layout } from '../storage/layout';
import { SPLITS } from '../workflows/contract/models';
import { readRecordOrQuarantine } from '../storage/quarantine';
import { evaluationRecord } from '../storage/earlier-evaluation';
import { sha256 } from '../storage/store';
import { readCorpus } from '../storage/corpus/corpus-manifest';

export async function findEvaluation(
  deps: ActivityDependencies,
  input: FindEvaluationInput,
): Promise<FoundEvaluation> {
  const store = deps.openStore(input.store);
  if (!(await store.exists(layout.corpus(input.planKey)))) return { key: null, judged: null };
  const corpus = await readCorpus(store, input.planKey);
  const { planKey } = input;
  const rates = furtherRatesOf(input.ensemble);
  const content: Record<string, string> = {};
  for (const split of SPLITS)
    if (corpus.splits[split]) {
      // Nothing here reads the labels of training clips, so changing one changes nothing.
      const own = await corpusContent(store, planKey, split, { labels: split !== 'train' });
      content[split] = own;
      for (const rate of rates)
        try {
          const atRate = await contentOfSplitAtRate(store, { planKey, split }, own, rate);
          content[`${split} at ${rate} Hz`] = atRate;
        } catch (error) {
          if (!(error instanceof StoreDamaged)) throw error;
          // Read before at 16 kHz alone.
          return { key: null, judged: null };
        }
    }
  const teachers = input.ensemble.map(({ sha256: model, weight }) => [model, weight]);
  const students = input.settings.students.map(asKeyed);
  const settings = { ...input.settings, students };
  const key = sha256(canonicalJson({ formatVersion: 1, content, teachers, settings }));
  const judged = await readRecordOrQuarantine(
    store,
    layout.evaluation(input.run, key),
    evaluationRecord,
  );
  const champion = judged && (await standingChampion(deps, input.champion));
  return { key, judged, ...(champion ? { champion } : {}) };
}

/** It may have changed since the earlier run: by a rollback, or by a run of another name. */
async function standingChampion(
  deps: ActivityDependencies,
  place: string | undefined,
): Promise<StandingChampion | null> {
  const { head = null } =
    place === undefined ? {} : await ChampionLedger.read(deps.openStore(place));
  if (!head) return null;
  const { entry, student, mAP, tookBack } = head;
  return { entry, student, mAP, ...(tookBack === undefined ? {} : { tookBack }) };
}

/** Earlier versions called `parts` otherwise, and filled in its default: their keys stay. */
function asKeyed(student: Student): object {
  const { parts: _parts, ...settings } = student;
  return { ...settings, gradientAccumulation: trainerOptions(student).parts };
}
