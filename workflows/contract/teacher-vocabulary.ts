/**
 * `corpus.vocabulary: "teacher:NAME"`: the run has the classes of one of its teachers. It is
 * resolved to the address of the file that names them before anything is read. Pure.
 */
import type { Corpus, FileTeacher, Teacher } from './run-file-sections';

const PREFIX = 'teacher:';

/** Name of the teacher whose classes the run has; null where a file lists them. */
export function vocabularyTeacher(vocabulary: string): string | null {
  return vocabulary.startsWith(PREFIX) ? vocabulary.slice(PREFIX.length) : null;
}

/** The same run with the address of its class list. */
export function withClassList<R extends { corpus: Corpus; teachers: readonly Teacher[] }>(
  run: R,
): R {
  const name = vocabularyTeacher(run.corpus.vocabulary);
  const teacher = run.teachers.find((each) => each.name === name);
  // Of a worker, only the worker knows them: refused with the run file.
  if (name === null || !teacher || teacher.format === 'worker') return run;
  return { ...run, corpus: { ...run.corpus, vocabulary: classListOf(teacher) } };
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
