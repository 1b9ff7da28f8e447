/**
 * Expands the `sweep` of a student: every combination of its values becomes a student of its own,
 * named by what differs, as if the run file listed them all. The first field named here varies
 * slowest.
 */
import type { StatedStudent, Student, Sweep } from './run-file-sections';

const FIELDS = [
  ['embedDim', 'dim'],
  ['depth', 'depth'],
  ['heads', 'heads'],
] as const satisfies readonly (readonly [keyof Sweep, string])[];

/** How many students a stated one stands for, without making them. */
export function sweepSize({ sweep = {} }: StatedStudent): number {
  return FIELDS.reduce((product, [field]) => product * (sweep[field]?.length ?? 1), 1);
}

/** The students that a stated one stands for: itself, if it has no sweep. */
export function expandSweep({ sweep, ...student }: StatedStudent): Student[] {
  return FIELDS.reduce<Student[]>(
    (students, [field, short]) => {
      const values = sweep?.[field];
      if (!values) return students;
      return students.flatMap((each) =>
        values.map((value) => ({
          ...each,
          name: `${each.name}-${short}${value}`,
          model: typeof each.model === 'string' ? each.model : { ...each.model, [field]: value },
        })),
      );
    },
    [student],
  );
}
