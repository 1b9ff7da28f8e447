/**
 * `npm run study -- --plan`: what would decide each question, and what it costs, from the spread of
 * the seeds so far. Reads the store; where that has no results, what docs/ tells of them.
 */
import { join } from 'node:path';
import { openStore } from '../../storage/open-store';
import { STORE } from './base-run';
import { resultOf, FIRST_SEED } from './arm-run';
import { armOperations, evaluationClips, measuredSpeed } from './arm-cost';
import { clipError, labelledEvaluations, type ClipError } from './clip-error';
import {
  compare,
  gather,
  outcome,
  type ArmEvidence,
  type Compared,
  type Evidence,
  type Missing,
  type Outcome,
  type Pair,
} from './evidence';
import type { Arm, Question } from './experiment';
import { missingRuns, neededRuns, type PlannedRuns } from './missing-runs';
import { clipsFor, lookFor, seedsFor } from './power';
import { PublishedStudy } from './published-scores';
import { summarise } from './statistics';
import { trainingMinutes } from './training-minutes';

export interface PlannedComparison {
  readonly arm: Arm;
  readonly pairs: readonly Pair[];
  readonly mean: number | null;
  /** Of the seeds' differences: its own, or where it has too few seeds what is usual here. */
  readonly deviation: number | null;
  readonly missing: Missing;
  /** What the looks so far say. */
  readonly compared: Compared;
  /** That decide 0.01: by one look at the end, and by the look that the study takes. */
  readonly seeds: number | null;
  readonly look: number | null;
  readonly clipError: ClipError | null;
  readonly clips: number | null;
}

export interface PlannedQuestion {
  readonly question: Question;
  readonly comparisons: readonly PlannedComparison[];
  readonly outcome: Outcome;
  readonly runs: readonly PlannedRuns[];
}

export interface StudyPlan {
  readonly source: 'store' | 'docs';
  readonly questions: readonly (PlannedQuestion & { readonly evalClips: number | null })[];
  readonly ensembleMAP: number | null;
}

/** @param known all questions of the study: their runs tell how fast it trains */
export async function planStudy(
  root: string,
  questions: readonly Question[],
  seeds: readonly number[],
  known: readonly Question[] = questions,
): Promise<StudyPlan> {
  const trained = trainingMinutes(join(root, STORE));
  const evidence = known.map((question) => gather(root, question, seeds, trained));
  const published = PublishedStudy.open(root);
  const isStoreEmpty = evidence.every(({ reference }) => reference.results.size === 0);
  const plan =
    published !== null && isStoreEmpty
      ? planFromDocs(root, questions, known, published)
      : await planFromStore(root, questions, evidence);
  const withClips = (planned: PlannedQuestion): StudyPlan['questions'][number] => ({
    ...planned,
    evalClips: evaluationClips(root, planned.question.reference),
  });
  return { ...plan, questions: plan.questions.map(withClips) };
}

type Planned = Omit<StudyPlan, 'questions'> & { readonly questions: readonly PlannedQuestion[] };

function planFromDocs(
  root: string,
  questions: readonly Question[],
  known: readonly Question[],
  published: PublishedStudy,
): Planned {
  const scoresOf = (question: Question, { id, label }: Arm): readonly number[] =>
    published.scores(question.id).get(id === 'base' ? 'the base' : label) ?? [];
  const facts = {
    minutesOf: expectedMinutes(root, known, ({ id }) => published.minutes(id)),
    isTrained: (needed: Arm) =>
      known.some((question) =>
        armsOf(question).some(
          (arm) => arm.needs?.id === needed.id && scoresOf(question, arm).length > 0,
        ),
      ),
  };
  const planned = (question: Question, usual: number | null): PlannedQuestion => {
    const reference = scoresOf(question, question.reference);
    const pairs = question.comparisons.map(({ arm }) =>
      scoresOf(question, arm).flatMap((score, index): Pair[] => {
        const ours = reference[index];
        return ours === undefined ? [] : [[ours, score]];
      }),
    );
    const none = pairs.map(() => null);
    return withNeeded(plannedQuestion(question, pairs, none, facts.minutesOf, usual), facts);
  };
  return {
    source: 'docs',
    questions: withUsual(questions, planned),
    ensembleMAP: published.ensembleMAP,
  };
}

async function planFromStore(
  root: string,
  questions: readonly Question[],
  evidence: readonly Evidence[],
): Promise<Planned> {
  const store = openStore(root, STORE);
  const evaluations = await labelledEvaluations(store);
  const measured = new Map(
    evidence
      .flatMap(({ reference, comparisons }) => [reference, ...comparisons])
      .map(({ arm, minutes }) => [arm.id, minutes]),
  );
  const known = evidence.map(({ question }) => question);
  const facts = {
    minutesOf: expectedMinutes(root, known, ({ id }) => measured.get(id) ?? null),
    isTrained: (needed: Arm) => resultOf(root, needed, FIRST_SEED) !== null,
  };
  const plans = new Map<string, (usual: number | null) => PlannedQuestion>();
  for (const { question, reference, comparisons } of evidence) {
    if (!questions.some(({ id }) => id === question.id)) continue;
    const errors: (ClipError | null)[] = [];
    for (const comparison of comparisons) {
      const models = [modelOf(reference), modelOf(comparison)] as const;
      const [one, other] = models;
      errors.push(
        question.measure === 'mAP' && one !== null && other !== null
          ? await clipError(store, evaluations, [one, other])
          : null,
      );
    }
    const pairs = comparisons.map((comparison) => comparison.pairs);
    plans.set(question.id, (usual) =>
      withNeeded(plannedQuestion(question, pairs, errors, facts.minutesOf, usual), facts),
    );
  }
  const base = evidence.find(({ reference }) => reference.arm.id === 'base')?.reference;
  const [first] = base?.results.values() ?? [];
  return {
    source: 'store',
    questions: withUsual(questions, ({ id }, usual) => plans.get(id)!(usual)),
    ensembleMAP: first?.ensemble.mAP ?? null,
  };
}

/** Minutes of one run of an arm: measured, or else from its operations. */
function expectedMinutes(
  root: string,
  known: readonly Question[],
  measuredOf: (arm: Arm) => number | null,
): (arm: Arm) => number | null {
  const arms = new Map(known.flatMap(armsOf).map((arm) => [arm.id, arm]));
  const speed = measuredSpeed(root, [...arms.values()], measuredOf);
  return (arm) => {
    const measured = measuredOf(arm);
    if (measured !== null) return measured;
    const operations = armOperations(root, arm);
    return operations === null ? null : operations / speed;
  };
}

const armsOf = ({ reference, comparisons }: Question): Arm[] => [
  reference,
  ...comparisons.map(({ arm }) => arm),
];

function withNeeded(
  planned: PlannedQuestion,
  facts: { isTrained: (arm: Arm) => boolean; minutesOf: (arm: Arm) => number | null },
): PlannedQuestion {
  const needed = neededRuns(planned.runs, facts.isTrained, facts.minutesOf);
  return { ...planned, runs: [...needed, ...planned.runs] };
}

function modelOf({ results }: ArmEvidence): string | null {
  const [first] = results.values();
  return first?.students[0]?.sha256 ?? null;
}

/** Plans twice: the second time with the median of all spreads for arms that have none. */
function withUsual(
  questions: readonly Question[],
  plan: (question: Question, usual: number | null) => PlannedQuestion,
): PlannedQuestion[] {
  const known = questions
    .flatMap((question) => plan(question, null).comparisons)
    .flatMap(({ deviation }) => deviation ?? [])
    .sort((a, b) => a - b);
  const usual = known[Math.floor(known.length / 2)] ?? null;
  return questions.map((question) => plan(question, usual));
}

/** @param pairs of each comparison. Pure. */
export function plannedQuestion(
  question: Question,
  pairs: readonly (readonly Pair[])[],
  errors: readonly (ClipError | null)[],
  minutesOf: (arm: Arm) => number | null,
  usual: number | null = null,
): PlannedQuestion {
  const spreads = pairs.map((each) =>
    summarise(each.map(([reference, other]) => reference - other)),
  );
  const comparisons = question.comparisons.map(({ arm, expected }, index): PlannedComparison => {
    const { count, mean, deviation: own } = spreads[index]!;
    const deviation = own ?? usual;
    const error = errors[index] ?? null;
    const { missing, ...compared } = compare(pairs[index]!, expected);
    return {
      arm,
      pairs: pairs[index]!,
      mean: count === 0 ? null : mean,
      deviation,
      missing,
      compared,
      seeds: deviation === null ? null : seedsFor(deviation),
      look: deviation === null ? null : lookFor(deviation),
      clipError: error,
      clips: error === null ? null : clipsFor(error),
    };
  });
  return {
    question,
    comparisons,
    outcome: outcome(comparisons.map(({ compared }) => compared)),
    runs: missingRuns(question, comparisons, minutesOf),
  };
}
