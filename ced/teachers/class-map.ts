/**
 * Where each of a run's classes stands in a teacher's output: matched by MID, then by name. Further
 * classes of the teacher are dropped. A class that the teacher lacks is an error, since no
 * probability can be invented for it, unless the teacher may abstain from it.
 */
import { csvField } from '../csv-field';
import { TeacherInvalid } from './teacher-invalid';
import type { Vocabulary } from './vocabulary';

const namesShown = 10;

/** In a class map: the teacher has no such class. */
const UNKNOWN = -1;

/**
 * @param missing `abstain`: classes that the teacher lacks are -1 in the map
 * @param subject of the message, for a teacher that no file names
 * @returns int32 [classes of vocabulary]: the teacher's class for each of ours
 * @throws TeacherInvalid `classesMissing`, naming the classes; of a teacher that may abstain, only
 *   when it has none of ours
 */
export function classMap(
  teacherVocabulary: Vocabulary,
  vocabulary: Vocabulary,
  missing: 'refuse' | 'abstain' = 'refuse',
  subject = 'the teacher',
): Int32Array {
  const byMid = new Map(
    teacherVocabulary.flatMap(({ mid }, index) => (mid === '' ? [] : [[mid, index] as const])),
  );
  const byName = new Map(teacherVocabulary.map(({ name }, index) => [name, index]));
  const map = Int32Array.from(
    vocabulary,
    ({ mid, name }) => byMid.get(mid) ?? byName.get(name) ?? UNKNOWN,
  );
  const lacking = missingClasses(map);
  if (lacking.length > 0 && (missing === 'refuse' || lacking.length === vocabulary.length)) {
    const names = namesOf(lacking, vocabulary);
    throw new TeacherInvalid(
      'classesMissing',
      `${subject} lacks ${names.length} of ${vocabulary.length} classes: ${listed(names)}; ` +
        (lacking.length === vocabulary.length
          ? 'its list has to name them as corpus.vocabulary does, by MID or name'
          : 'say "missing": "abstain" for it, or leave them out of corpus.vocabulary'),
      names,
    );
  }
  return map;
}

/** Numbers of the run's classes that the teacher of this map lacks, ascending. */
export function missingClasses(map: Int32Array): number[] {
  return [...map.keys()].filter((index) => map[index] === UNKNOWN);
}

/** A sentence about a teacher that abstains, or null for one that knows every class. */
export function abstentionNote(map: Int32Array, vocabulary: Vocabulary): string | null {
  const names = namesOf(missingClasses(map), vocabulary);
  if (names.length === 0) return null;
  return `abstains from ${names.length} of ${vocabulary.length} classes: ${listed(names)}`;
}

/**
 * @param maps of all teachers of an ensemble
 * @throws TeacherInvalid `classesMissing`, naming the classes that no teacher knows
 */
export function requireEveryClass(maps: readonly Int32Array[], vocabulary: Vocabulary): void {
  if (maps.length === 0) return;
  const names = vocabulary
    .filter((_, index) => maps.every((map) => map[index] === UNKNOWN))
    .map(({ name }) => name);
  if (names.length > 0)
    throw new TeacherInvalid(
      'classesMissing',
      `no teacher knows ${names.length} of ${vocabulary.length} classes: ${listed(names)}; ` +
        'add a teacher that does, or leave them out of corpus.vocabulary',
      names,
    );
}

function namesOf(classes: readonly number[], vocabulary: Vocabulary): string[] {
  return classes.map((index) => vocabulary[index]?.name ?? String(index));
}

function listed(names: readonly string[]): string {
  return (
    names.slice(0, namesShown).map(csvField).join(', ') +
    (names.length > namesShown ? `, and ${names.length - namesShown} more` : '')
  );
}
