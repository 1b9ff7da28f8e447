/**
 * What a run is, in two lines of text that Temporal keeps with it: the summary in lists of
 * workflows, the details on the run's own page (Markdown).
 * https://docs.temporal.io/develop/typescript/observability (user metadata)
 */
import { counted } from './counted';
import type { DistillRun, TeachRun } from './run-file';
import { shortText } from './short-text';

export interface RunSummary {
  readonly summary: string;
  readonly details: string;
}

/** The server takes 400 bytes of summary. */
const LONGEST_SUMMARY = 200;
const LONGEST_DETAILS = 2000;

export function runSummary(run: DistillRun | TeachRun): RunSummary {
  const isDistill = 'students' in run;
  const trained = (isDistill ? run.students : run.teachers).map(({ name }) => name);
  const teachers = isDistill ? run.teachers.map(({ name }) => name) : [];
  const from = !isDistill
    ? 'from labels'
    : teachers.length > 0
      ? `from ${counted(teachers.length, 'teacher')}`
      : 'from published logits';
  const models = isDistill
    ? counted(trained.length, 'student')
    : counted(trained.length, 'teacher');
  const lines = [
    `${isDistill ? 'Students' : 'Teachers'}: ${trained.join(', ')}.`,
    ...(teachers.length > 0 ? [`Ensemble: ${teachers.join(', ')}.`] : []),
    `Audio: ${run.corpus.train}. Store: ${run.store}.`,
  ];
  return {
    summary: shortText(`${models} ${from}`, LONGEST_SUMMARY),
    details: shortText(lines.join(' '), LONGEST_DETAILS),
  };
}
