/**
 * Refuses a run whose relative paths were meant for another root: a worker serves one, and would
 * read its own files of the same names.
 */
import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { isUri } from '../../ced/corpus/address';
import { PermanentError } from '../../workflows/contract/failures';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';
import { CHAMPION } from '../../workflows/contract/run-file-sections';
import type { RunOrigin } from '../../workflows/contract/run-origin';
import { fileFingerprint } from './file-fingerprint';

/** What a client says of a run that it starts. @param root where its relative paths start */
export async function describeOrigin(run: DistillRun | TeachRun, root: string): Promise<RunOrigin> {
  const files: RunOrigin['files'] = {};
  for (const [field, path] of inputsOf(run)) {
    if (isUri(path) || isAbsolute(path)) continue;
    const fingerprint = await fileFingerprint(root, path);
    if (fingerprint !== null) files[field] = { path, fingerprint };
  }
  return { host: hostname(), root: await realpath(root), files };
}

/**
 * @param root of the worker
 * @param origin absent: the client did not say it
 * @returns notes for the run
 * @throws {PermanentError} RunFileInvalid on the client's own host, where a path leads to another
 *   file
 */
export async function requireOrigin(
  root: string,
  origin: RunOrigin | undefined,
  host: string = hostname(),
): Promise<string[]> {
  if (origin === undefined) return [];
  const own = await realpath(root);
  if (host === origin.host && own === origin.root) return [];
  const isHere = host === origin.host;
  const worker = `${own}, the root of the worker${isHere ? '' : ` on ${host}`}`;
  const client = `${origin.root}${isHere ? '' : ` on ${origin.host}`}`;
  const other: string[] = [];
  for (const [field, { path, fingerprint }] of Object.entries(origin.files)) {
    const found = await fileFingerprint(own, path);
    if (found === null)
      other.push(
        `${field}: ${path} is missing in ${worker}; the run was started in ${client}, which has it`,
      );
    else if (found !== fingerprint)
      other.push(
        `${field}: ${path} is another file in ${worker}, than in ${client}, where the run was ` +
          'started',
      );
  }
  // A client elsewhere may have an older copy of what its workers have.
  if (!isHere) return other;
  const [first] = other;
  if (first === undefined)
    return [
      `relative paths, of the store too, start from ${own}, the worker's root, and not from ` +
        `${origin.root}, where the run was started`,
    ];
  const more = other.length === 1 ? '' : ` (and ${other.length - 1} more)`;
  throw new PermanentError(
    'RunFileInvalid',
    `${first}${more}. Stop that worker and start one with --root ${origin.root}, or write ` +
      'absolute paths into the run file; then start the run again',
  );
}

/** Files that a run file names, by field. */
function inputsOf(run: DistillRun | TeachRun): [field: string, path: string][] {
  const { train, validation, eval: evaluation, vocabulary } = run.corpus;
  const [section, trainings] =
    'students' in run
      ? (['students', run.students] as const)
      : (['teachers', run.teachers] as const);
  return [
    ['corpus.train', train],
    ...named('corpus.validation', validation),
    ...named('corpus.eval', evaluation),
    ['corpus.vocabulary', vocabulary],
    ...('students' in run
      ? run.teachers.flatMap((teacher, index) =>
          teacher.format === 'worker'
            ? []
            : named(`teachers[${index}].checkpoint`, teacher.checkpoint),
        )
      : []),
    ...('students' in run ? named('fromLabels', run.fromLabels) : []),
    ...trainings.flatMap(({ init }, index) =>
      init === CHAMPION ? [] : named(`${section}[${index}].init`, init),
    ),
  ];
}

function named(field: string, path: string | null | undefined): [string, string][] {
  return path === null || path === undefined ? [] : [[field, path]];
}
