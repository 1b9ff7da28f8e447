/** What a run's sweeps may ask for: each student that they give is checked as one stated alone. */
import type { z } from 'zod';
import { distinctNames, MOST_TRAINED, refuse, shapeProblems } from './model-rules';
import { name, type StatedStudent } from './run-file-sections';
import { expandSweep, sweepSize } from './sweep';

export function sweepRules(students: readonly StatedStudent[], context: z.RefinementCtx): void {
  const size = students.reduce((sum, student) => sum + sweepSize(student), 0);
  if (size > MOST_TRAINED) {
    const message = `sweeps give ${size} students, expected at most ${MOST_TRAINED}`;
    refuse(context, ['students'], message);
    return;
  }
  const named = students.flatMap((student, index) =>
    expandSweep(student).map((each) => ({ index, name: each.name })),
  );
  distinctNames(named, 'students', context);
  students.forEach((student, index) => possibleSweep(student, index, context));
}

function possibleSweep(student: StatedStudent, index: number, context: z.RefinementCtx): void {
  const { sweep, model, init } = student;
  if (!sweep) return;
  const at = (...field: string[]) => ['students', index, ...field];
  if (Object.values(sweep).every((values) => values === undefined))
    refuse(context, at('sweep'), 'expected values of embedDim, depth or heads');
  if (typeof model === 'string')
    refuse(context, at('model'), `expected a shape of its own for sweep to vary, not '${model}'`);
  if (init !== null)
    refuse(context, at('init'), 'expected null: a checkpoint has one shape, a sweep several');
  const students = expandSweep(student);
  // Several students may share a fault.
  const told = new Set<string>();
  for (const { field, message } of students.flatMap((each) => shapeProblems(each.model))) {
    if (!told.has(message)) refuse(context, at('sweep', ...field), message);
    told.add(message);
  }
  const long = students.find((each) => !name.safeParse(each.name).success);
  if (long)
    refuse(context, at('name'), `too long for its sweep: '${long.name}' has over 64 characters`);
}
