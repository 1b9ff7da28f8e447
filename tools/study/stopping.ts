/**
 * Which runs are still wanted: an arm goes on to the next look while one of its comparisons is
 * undecided at the last one.
 */
import { compare, isDecided, scoredPairs } from './evidence';
import type { Arm, Question } from './experiment';
import { lastLook, LOOKS } from './sequential-test';

/**
 * @returns whether the run of an arm under a seed could still decide something. It reads results
 *   each time: those of the runs before have come meanwhile
 */
export function wantedBy(
  root: string,
  questions: readonly Question[],
): (arm: Arm, seed: number) => boolean {
  return (arm, seed) => {
    if (seed <= LOOKS[0]) return true;
    const looked = Array.from({ length: lastLook(seed - 1) ?? 0 }, (_, index) => index + 1);
    return questions.some((question) =>
      question.comparisons.some((comparison) => {
        const { reference } = question;
        if (comparison.arm.id !== arm.id && reference.id !== arm.id) return false;
        const pairs = scoredPairs(root, question, comparison.arm, looked);
        // Without every seed of the look it cannot be taken: a run of it has failed.
        return pairs.length < looked.length || !isDecided(compare(pairs, comparison.expected));
      }),
    );
  };
}
