/** A teacher that exists already, as `ced init --teacher` names it. */
import { resolve } from 'node:path';
import type { ModelConfig } from '../../ced/model/config';
import type { Kind } from '../../infra/command-line/option';
import { teacherQueue } from '../../workflows/contract/run-file-sections';
import { readModelFolder } from '../models/model-folder';

/** A folder with a CED checkpoint, or the task queue of a worker (docs/teachers.md). */
export type GivenTeacher = { checkpoint: string } | { taskQueue: string };

const WORKER = 'worker:';

export const givenTeacher: Kind<GivenTeacher> = {
  expected: 'a folder, or worker: and a task queue of 1 to 200 of A-Z, a-z, 0-9, ., _, / and -',
  parse: (given) => {
    if (!given.startsWith(WORKER)) return given === '' ? undefined : { checkpoint: given };
    const queue = teacherQueue.safeParse(given.slice(WORKER.length));
    return queue.success ? { taskQueue: queue.data } : undefined;
  },
};

/** null for a worker, which is asked when a run starts. */
export async function configOfGiven(teacher: GivenTeacher): Promise<ModelConfig | null> {
  return 'taskQueue' in teacher ? null : (await readModelFolder(teacher.checkpoint)).config;
}

/** Its entry in `teachers` of a run file. */
export function entryOfGiven(name: string, teacher: GivenTeacher): Record<string, string> {
  if ('checkpoint' in teacher)
    return { name, checkpoint: resolve(teacher.checkpoint), format: 'ced' };
  const { taskQueue } = teacher;
  return { name, format: 'worker', taskQueue, spectrogramMasks: 'skip' };
}
