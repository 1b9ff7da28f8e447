/**
 * `npm run study -- --plan`: what would decide each question, and what it costs, from the spread of
 * the seeds so far. Reads the store; where that has no results, what docs/ tells of them.
 */
import { join } from 'node:path';
import { openStore } from '../../storage/open-store';
import { STORE } from './base-run';
import { clipError, labelledEvaluations, type ClipError } from './clip-error';
import {
  compare,
  gather,
  outcome,
  type ArmEvidence,
  type Compared,
  type Missing,
  type Outcome,
  type Pair,
} from './evidence';
import type { Arm, Question } from './experiment';
import { clipsFor, lookFor, seedsFor } from './power';
import { PublishedStudy } from './published-scores';
import { MOST_SEEDS } from './sequential-test';
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

/** The seeds of an arm that a question misses. */
export interface PlannedRuns {
  readonly arm: Arm;
  readonly seeds: number;
  /** Of one run. */
  readonly minutes: number;
}

export interface StudyPlan {
  readonly source: 'store' | 'docs';
  readonly questions: readonly PlannedQuestion[];
  readonly evalClips: number | null;
  readonly ensembleMAP: number | null;
}

export async function planStudy(
  root: string,
  questions: readonly Question[],
  seeds: readonly number[],
): Promise<StudyPlan> {
  const trained = trainingMinutes(join(root, STORE));
  const evidence = questions.map((question) => gather(root, question, seeds, trained));
  const published = PublishedStudy.open(root);
  if (published !== null && evidence.every(({ reference }) => reference.results.size === 0))
    return {
      source: 'docs',
      evalClips: published.evalClips,
      ensembleMAP: published.ensembleMAP,
      questions: withUsual(questions, (question, usual) =>
        publishedQuestion(question, published, usual),
      ),
    };
  const store = openStore(root, STORE);
  const evaluations = await labelledEvaluations(store);
  const plans = new Map<string, (usual: number | null) => PlannedQuestion>();
  for (const { question, reference, comparisons } of evidence) {
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
    const minutesOf = new Map(
      [reference, ...comparisons].map(({ arm, minutes }) => [arm.id, minutes]),
    );
    const pairs = comparisons.map((comparison) => comparison.pairs);
    const minutes = (arm: Arm): number | null => minutesOf.get(arm.id) ?? null;
    plans.set(question.id, (usual) => plannedQuestion(question, pairs, errors, minutes, usual));
  }
  const [evaluation] = evaluations.values();
  const base = evidence.find(({ reference }) => reference.arm.id === 'base')?.reference;
  const [first] = base?.results.values() ?? [];
  return {
    source: 'store',
    questions: withUsual(questions, ({ id }, usual) => plans.get(id)!(usual)),
    evalClips: evaluation?.clips.length ?? null,
    ensembleMAP: first?.ensemble.mAP ?? null,
  };
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

function publishedQuestion(
  question: Question,
  published: PublishedStudy,
  usual: number | null,
): PlannedQuestion {
  const scores = published.scores(question.id);
  const of = ({ id, label }: Arm): readonly number[] =>
    scores.get(id === 'base' ? 'the base' : label) ?? [];
  const reference = of(question.reference);
  const pairs = question.comparisons.map(({ arm }) =>
    of(arm).flatMap((score, index): Pair[] => {
      const ours = reference[index];
      return ours === undefined ? [] : [[ours, score]];
    }),
  );
  const none = pairs.map(() => null);
  return plannedQuestion(question, pairs, none, ({ id }) => published.minutes(id), usual);
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

/** An arm runs for its own comparison, the reference for the one that needs most seeds. */
function missingRuns(
  { reference }: Question,
  comparisons: readonly PlannedComparison[],
  minutesOf: (arm: Arm) => number | null,
): PlannedRuns[] {
  const arms = [reference, ...comparisons.map(({ arm }) => arm)];
  const known = arms.flatMap((arm) => minutesOf(arm) ?? []);
  const usual = known.length === 0 ? 0 : summarise(known).mean;
  const seeds = comparisons.map(({ missing, look, pairs }) => {
    const until = missing === 'unknown' ? (look ?? MOST_SEEDS) : MOST_SEEDS;
    return typeof missing === 'number' ? missing : Math.max(0, until - pairs.length);
  });
  return arms.map((arm, index) => ({
    arm,
    seeds: index === 0 ? Math.max(0, ...seeds) : seeds[index - 1]!,
    minutes: minutesOf(arm) ?? usual,
  }));
}

/** Minutes of training of these runs; an arm of several questions runs once. */
export function minutesOfRuns(questions: readonly Pick<PlannedQuestion, 'runs'>[]): number {
  const most = new Map<string, number>();
  for (const { arm, seeds, minutes } of questions.flatMap(({ runs }) => runs))
    most.set(arm.id, Math.max(most.get(arm.id) ?? 0, seeds * minutes));
  return [...most.values()].reduce((sum, minutes) => sum + minutes, 0);
}
