/**
 * `corpus.vocabulary: "teacher:NAME"`: the run has the classes of one of its teachers. It is
 * resolved to the address of the list that names them before anything else is read. Pure.
 */
import type { Corpus, FileTeacher, Teacher } from './run-file-sections';

const PREFIX = 'teacher:';
/** Of the address of a list that a worker wrote: its SHA-256 follows. */
const IN_STORE = 'classes:';

/** Name of the teacher whose classes the run has; null where a file lists them. */
export function vocabularyTeacher(vocabulary: string): string | null {
  return vocabulary.startsWith(PREFIX) ? vocabulary.slice(PREFIX.length) : null;
}

/** The address of a list in the store of the run: `teachers/classes/<sha256>.json`. */
export function classListInStore(sha256: string): string {
  return `${IN_STORE}${sha256}`;
}

/** The reverse; null for the address of a file. */
export function hashOfClassList(address: string): string | null {
  const sha256 = address.startsWith(IN_STORE) ? address.slice(IN_STORE.length) : '';
  return /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null;
}

/** Whether only the worker of a teacher knows the classes of the run. */
export function isVocabularyOfWorker(run: {
  corpus: Corpus;
  teachers: readonly Pick<Teacher, 'name' | 'format'>[];
}): boolean {
  const name = vocabularyTeacher(run.corpus.vocabulary);
  return run.teachers.some((each) => each.name === name && each.format === 'worker');
}

/**
 * The same run with the address of its class list.
 * @param ofWorker where the worker of a teacher wrote it; a run that needs it and has it not stays
 *   as it is
 */
export function withClassList<R extends { corpus: Corpus; teachers: readonly Teacher[] }>(
  run: R,
  ofWorker?: string,
): R {
  const name = vocabularyTeacher(run.corpus.vocabulary);
  const teacher = run.teachers.find((each) => each.name === name);
  if (name === null || !teacher) return run;
  const vocabulary = teacher.format === 'worker' ? ofWorker : classListOf(teacher);
  return vocabulary === undefined ? run : { ...run, corpus: { ...run.corpus, vocabulary } };
}

/** A note on where the classes come from; none where a file lists them. */
export function vocabularyNotes({ corpus }: { corpus: Corpus }, classes: number): string[] {
  const name = vocabularyTeacher(corpus.vocabulary);
  return name === null
    ? []
    : [`corpus.vocabulary: the run has the ${classes} classes of teacher ${name}`];
}

function classListOf(teacher: FileTeacher): string {
  if (teacher.format !== 'ced') return teacher.vocabulary;
  const { checkpoint } = teacher;
  return `${checkpoint}${checkpoint.endsWith('/') ? '' : '/'}config.json`;
}
