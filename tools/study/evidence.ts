/** The evidence of the finished runs on a question. Reads results, otherwise pure. */
import type { RunResult } from '../../workflows/contract/activities';
import { resultOf } from './arm-run';
import type { Arm, Comparison, Question } from './experiment';
import {
  finding,
  pairedDifference,
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
  /** Reference minus this arm, over the seeds that both have. */
  readonly difference: Difference | null;
  readonly finding: Finding;
}

export type Outcome = 'agrees' | 'disagrees' | 'undecided' | 'measured' | 'not run yet';

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
    const pairs = seeds.flatMap((seed): [number, number][] => {
      const [ours, theirs] = [
        scoreOf(question, reference.results.get(seed)),
        scoreOf(question, evidence.results.get(seed)),
      ];
      return ours === null || theirs === null ? [] : [[ours, theirs]];
    });
    const difference = pairs.length === 0 ? null : pairedDifference(pairs);
    return {
      ...evidence,
      expected,
      difference,
      finding: difference === null ? 'too few seeds' : finding(difference),
    };
  });
  return { question, reference, comparisons, outcome: outcome(comparisons) };
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

function scoreOf({ measure }: Question, result: RunResult | undefined): number | null {
  const student = result?.students[0];
  return (measure === 'mAP' ? student?.mAP : student?.agreement?.topMatch) ?? null;
}

/**
 * `agrees` when every comparison with an expectation meets it beyond the noise, `disagrees` when
 * one contradicts it, `measured` for a question without expectations.
 */
export function outcome(
  comparisons: readonly Pick<ComparisonEvidence, 'expected' | 'finding' | 'difference'>[],
): Outcome {
  const bound = comparisons.filter(({ expected }) => expected !== 'open');
  if ((bound.length === 0 ? comparisons : bound).every(({ difference }) => difference === null))
    return 'not run yet';
  if (bound.length === 0) return 'measured';
  if (bound.some(({ finding: found }) => found === 'lower')) return 'disagrees';
  const met = bound.every(
    ({ expected, finding: found }) =>
      found === 'higher' || (expected === 'not lower' && found === 'within the noise'),
  );
  return met ? 'agrees' : 'undecided';
}
