/**
 * What a teacher's worker is asked for, in the id of the activity: live lines, Temporal's web
 * interface and the worker's log name it so, whatever language the worker is written in.
 */
import { SPLITS, type Split } from './models';

type Asked = 'description' | 'probe clips' | `${Split} shard ${number}`;

export interface TeacherCall {
  /** Its name in the run file. */
  teacher: string;
  asked: Asked;
}

/** @param call counts the calls of a run: ids of activities that are open differ */
export function teacherCallId({ teacher, asked }: TeacherCall, call: number): string {
  return `${teacher}: ${asked}, call ${call}`;
}

const ID = new RegExp(
  `^([a-z0-9-]+): (description|probe clips|(?:${SPLITS.join('|')}) shard \\d+), call \\d+$`,
);

/** null for the ids of other activities. */
export function teacherCallOf(activityId: string): TeacherCall | null {
  const [, teacher, asked] = ID.exec(activityId) ?? [];
  return teacher === undefined ? null : { teacher, asked: asked as Asked };
}
