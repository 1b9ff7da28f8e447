/**
 * Scores by model, as the `status` query answers them: `teacher alto`, `student mini`. A teacher
 * and a student may share a name.
 */
import type { RunStatus } from './status';

/** A `student` is a model that the run trains, in `teach` too. */
export type ModelRole = 'teacher' | 'student';

export function recordScore(
  { scores }: Pick<RunStatus, 'scores'>,
  role: ModelRole,
  name: string,
  mAP: number | null,
): void {
  scores[`${role} ${name}`] = mAP;
}

/** Names with their mAP. Runs of earlier versions had names alone: trained models have epochs. */
export function scoresOf(
  { scores, epochs }: Pick<RunStatus, 'scores' | 'epochs'>,
  wanted: ModelRole,
): [name: string, mAP: number | null][] {
  return Object.entries(scores).flatMap(([key, mAP]): [string, number | null][] => {
    const [, role = key in epochs ? 'student' : 'teacher', name = key] =
      /^(teacher|student) (.*)$/.exec(key) ?? [];
    return role === wanted ? [[name, mAP]] : [];
  });
}
