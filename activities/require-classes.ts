/**
 * Refuses a run in which every teacher abstains from some class, if there is one that they all
 * lack: no target could be made for it. Where no teacher is a worker, importing the files tells it.
 */
import { TeacherInvalid } from '../ced/teachers/teacher-invalid';
import { teacherIdentity } from '../storage/models/teacher-identity';
import { PermanentError } from '../workflows/contract/failures';
import type { RequireClassesInput } from '../workflows/contract/teacher-worker';
import type { ActivityDependencies } from './dependencies';
import { requireKnownClasses } from './plan/read-teacher';
import { readVocabulary } from './plan/read-vocabulary';

/** @throws {PermanentError} TeacherInvalid naming the classes that no teacher knows */
export async function requireClasses(
  deps: ActivityDependencies,
  input: RequireClassesInput,
): Promise<null> {
  const store = deps.openStore(input.store);
  const vocabulary = await readVocabulary(deps, input.vocabulary, store);
  const maps: Int32Array[] = [];
  for (const { name, sha256 } of input.ensemble)
    try {
      maps.push((await teacherIdentity(store, sha256, vocabulary, 'abstain')).map);
    } catch (error) {
      if (!(error instanceof TeacherInvalid)) throw error;
      throw new PermanentError('TeacherInvalid', `${name}: ${error.message}`, { cause: error });
    }
  requireKnownClasses(maps, vocabulary);
  return null;
}
