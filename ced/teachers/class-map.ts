/**
 * Where each of a run's classes stands in a teacher's output: matched by MID, then by name. Further
 * classes of the teacher are dropped; a missing class is an error, since no probability can be
 * invented for it.
 */
import { TeacherInvalid } from './teacher-invalid';
import type { Vocabulary } from './vocabulary';

const namesShown = 10;

/**
 * @returns int32 [classes of vocabulary]: the teacher's class for each of ours
 * @throws TeacherInvalid `classesMissing`, naming the classes
 */
export function classMap(teacherVocabulary: Vocabulary, vocabulary: Vocabulary): Int32Array {
  const byMid = new Map(
    teacherVocabulary.flatMap(({ mid }, index) => (mid === '' ? [] : [[mid, index] as const])),
  );
  const byName = new Map(teacherVocabulary.map(({ name }, index) => [name, index]));
  const positions = vocabulary.map(({ mid, name }) => byMid.get(mid) ?? byName.get(name));
  const missing = vocabulary
    .filter((_, index) => positions[index] === undefined)
    .map(({ name }) => name);
  if (missing.length > 0) {
    const shown =
      missing.slice(0, namesShown).join(', ') +
      (missing.length > namesShown ? `, and ${missing.length - namesShown} more` : '');
    throw new TeacherInvalid(
      'classesMissing',
      `the teacher lacks ${missing.length} of ${vocabulary.length} classes: ${shown}`,
      missing,
    );
  }
  return Int32Array.from(positions as number[]);
}
