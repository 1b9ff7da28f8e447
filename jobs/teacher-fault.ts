/** Prefixes a fault with the teacher's name, which the inner code does not know. */
import { TeacherInvalid } from '../ced/teachers/teacher-invalid';
import { PermanentError } from '../workflows/contract/failures';

/**
 * @throws {PermanentError} TeacherInvalid in place of a fault of the teacher; everything else as
 *   it is
 */
export async function namingTeacher<T>(name: string, work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    if (!(error instanceof TeacherInvalid)) throw error;
    throw new PermanentError('TeacherInvalid', `${name}: ${error.message}`, { cause: error });
  });
}
