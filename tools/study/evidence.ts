/** The evidence of the finished runs on a question. Reads results, otherwise pure. */
import type { RunResult } from '../../workflows/contract/activities';
import { resultOf } from './arm-run';
import type { Arm, Comparison, Question } from './experiment';
import { decidingLook } from './power';
import { differencesAtLooks, MOST_SEEDS } from './sequential-test';
import {
  finding,
  isNotLower,
  SMALLEST_THAT_MATTERS,
  summarise,
  type Difference,
  type Finding,
  type Summary,
} from './statistics';

export interface ArmEvidence {
  readonly arm: Arm;
  readonly results: ReadonlyMap<number, RunResult>;
  readonly score: Summary | null;
  readonly parameters: number | null;
  /** Minutes of training, mean over the seeds that were trained without an interruption. */
  readonly minutes: number | null;
}

export interface ComparisonEvidence extends ArmEvidence {
  readonly expected: Comparison['expected'];
  /** (reference, this arm) under each seed that both have. */
  readonly pairs: readonly Pair[];
  /** Reference minus this arm, at the look that decides it, or else the last one. */
  readonly difference: Difference | null;
  readonly finding: Finding;
  /** Seeds missing until the look that decides it, if it goes on like this; 0 = decided. */
  readonly missing: Missing;
}

export type Pair = readonly [reference: number, arm: number];

/** `more` = no look decides it: longer trainings or more evaluation clips have to. */
export type Missing = number | 'more' | 'unknown';

/** The true difference is smaller with a probability of 95 %. */
const SMALLER = `smaller than ${SMALLEST_THAT_MATTERS} with 95 %` as const;

export type Outcome =
  'agrees' | 'disagrees' | typeof SMALLER | 'undecided' | 'measured' | 'not run yet';

export interface Evidence {
  readonly question: Question;
  readonly reference: ArmEvidence;
  readonly comparisons: readonly ComparisonEvidence[];
  readonly outcome: Outcome;
}

/** @param trained minutes by model (training-minutes.ts) */
export function gather(
  root: string,
  question: Question,
  seeds: readonly number[],
  trained: ReadonlyMap<string, number>,
): Evidence {
  const reference = armEvidence(root, question, question.reference, seeds, trained);
  const comparisons = question.comparisons.map(({ arm, expected }): ComparisonEvidence => {
    const evidence = armEvidence(root, question, arm, seeds, trained);
    const pairs = scoredPairs(root, question, arm, seeds);
    return { ...evidence, pairs, ...compare(pairs, expected) };
  });
  return { question, reference, comparisons, outcome: outcome(comparisons) };
}

/** Scores of a question's reference and of another arm, under each seed that both have. */
export function scoredPairs(
  root: string,
  question: Question,
  arm: Arm,
  seeds: readonly number[],
): Pair[] {
  return seeds.flatMap((seed): Pair[] => {
    const [ours, theirs] = [question.reference, arm].map((each) =>
      scoreOf(question, resultOf(root, each, seed)),
    );
    return ours == null || theirs == null ? [] : [[ours, theirs]];
  });
}

/** What pairs of scores, in the order of seeds, say of an expectation. */
export function compare(
  pairs: readonly Pair[],
  expected: Comparison['expected'],
): Pick<ComparisonEvidence, 'expected' | 'difference' | 'finding' | 'missing'> {
  if (pairs.length === 0)
    return { expected, difference: null, finding: 'too few seeds', missing: 'unknown' };
  const looks = differencesAtLooks(pairs).map((difference): Compared => ({
    expected,
    difference,
    finding: finding(difference),
  }));
  // The first decision stands, whatever seeds other questions add.
  const decided = looks.find(isDecided);
  return { ...(decided ?? looks.at(-1)!), missing: decided ? 0 : missingSeeds(pairs) };
}

/** A comparison as a look leaves it. */
export type Compared = Pick<ComparisonEvidence, 'expected' | 'difference' | 'finding'>;

/** Whether more seeds could change no more than the 5 % that the test may err. */
export function isDecided({ expected, difference, finding: found }: Compared): boolean {
  if (found === 'within the noise' || found === 'too few seeds')
    return expected === 'not lower' && difference !== null && isNotLower(difference);
  return true;
}

function missingSeeds(pairs: readonly Pair[]): Missing {
  const { mean, deviation } = summarise(pairs.map(([reference, other]) => reference - other));
  if (deviation === null) return 'unknown';
  // Decided already by what follows the last look: the next look has to confirm it.
  const look = Math.max(decidingLook({ mean, deviation }) ?? Infinity, pairs.length + 1);
  return look > MOST_SEEDS ? 'more' : look - pairs.length;
}

function armEvidence(
  root: string,
  question: Question,
  arm: Arm,
  seeds: readonly number[],
  trained: ReadonlyMap<string, number>,
): ArmEvidence {
  const results = new Map<number, RunResult>();
  for (const seed of seeds) {
    const result = resultOf(root, arm, seed);
    if (result !== null) results.set(seed, result);
  }
  const all = [...results.values()];
  const scores = all.map((result) => scoreOf(question, result)).filter((score) => score !== null);
  const minutes = all.flatMap(
    ({ students: [student] }) => trained.get(student?.sha256 ?? '') ?? [],
  );
  return {
    arm,
    results,
    score: scores.length === 0 ? null : summarise(scores),
    parameters: all[0]?.students[0]?.parameters ?? null,
    minutes: minutes.length === 0 ? null : summarise(minutes).mean,
  };
}

function scoreOf({ measure }: Question, result: RunResult | null): number | null {
  const student = result?.students[0];
  return (measure === 'mAP' ? student?.mAP : student?.agreement?.topMatch) ?? null;
}

/**
 * Of the comparisons with an expectation: `disagrees` when one contradicts it, `undecided` while
 * one is not decided, `agrees` when all are met; otherwise what was expected is smaller than 0.005.
 * A reference expected to be not lower may be lower by less than that. `measured` is a question
 * without expectations.
 */
export function outcome(comparisons: readonly Compared[]): Outcome {
  const bound = comparisons.filter(({ expected }) => expected !== 'open');
  if ((bound.length === 0 ? comparisons : bound).every(({ difference }) => difference === null))
    return 'not run yet';
  if (bound.length === 0) return 'measured';
  const met = bound.map(({ expected, difference, finding: found }) =>
    expected === 'higher' ? found === 'higher' : difference !== null && isNotLower(difference),
  );
  if (bound.some(({ finding: found }, index) => found === 'lower' && !met[index]))
    return 'disagrees';
  if (!bound.every(isDecided)) return 'undecided';
  return met.every(Boolean) ? 'agrees' : SMALLER;
}
