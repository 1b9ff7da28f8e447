/** Rules between `halving` and the students of a run. */
import type { z } from 'zod';
import type { Halving } from './halving';
import { refuse } from './model-rules';
import type { Corpus, StatedStudent } from './run-file-sections';
import { sweepSize } from './sweep';

export function halvingRules(
  {
    halving,
    students,
    corpus,
  }: { halving?: Halving | undefined; students: readonly StatedStudent[]; corpus: Corpus },
  context: z.RefinementCtx,
): void {
  if (!halving) return;
  const { rungs } = halving;
  if (corpus.validation === undefined)
    refuse(context, ['corpus', 'validation'], 'expected a table: halving compares students on it');
  if (students.reduce((sum, student) => sum + sweepSize(student), 0) < 2)
    refuse(context, ['halving'], 'expected two students or more, or a sweep');
  students.forEach(({ budget }, index) => {
    if (budget === undefined) return;
    refuse(context, ['students', index, 'budget'], 'expected epochs: halving compares at epochs');
  });
  rungs.forEach((rung, index) => {
    const at = ['halving', 'rungs', index];
    if (index > 0 && rung <= rungs[index - 1]!)
      refuse(context, at, `expected more than the rung before it, ${rungs[index - 1]!}`);
    for (const { name, epochs, validateEvery, budget } of students) {
      if (budget !== undefined) continue;
      if (rung >= epochs)
        refuse(context, at, `expected fewer than the ${epochs} epochs of ${name}`);
      else if (rung % validateEvery !== 0)
        refuse(context, at, `expected a multiple of validateEvery = ${validateEvery} of ${name}`);
    }
  });
}
