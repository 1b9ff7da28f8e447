/**
 * Error messages for users: one line that names the thing and the remedy. Only an invalid run file
 * takes more lines, one per problem. The type that Temporal shows (`RunFileInvalid`,
 * `CorpusInvalid`, …) comes first, so that it can be looked up.
 */
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { guardTerminal } from '../infra/command-line/terminal';
import { UsageError } from '../infra/command-line/usage-error';

const RESUMABLE = 'what it had finished is in the store, and the next run resumes from there';

/** @returns the message of any error, printed behind `error: ` */
export function describeFailure(error: unknown): string {
  const cause = rootFailure(error);
  if (cause instanceof CancelledFailure) return `the run was cancelled; ${RESUMABLE}`;
  if (cause instanceof TerminatedFailure) return `the run was terminated; ${RESUMABLE}`;
  if (cause instanceof TimeoutFailure) return `timed out: ${oneLine(cause.message)}`;
  if (cause instanceof ApplicationFailure)
    return withProblems(cause.type ?? 'Error', cause.message);
  if (cause instanceof UsageError) return cause.message;
  const { message } = error as { message?: unknown };
  return typeof message === 'string' ? oneLine(message) : String(error);
}

/** The message of an invalid run file, the same from this command as from the workflow. */
export function runFileInvalid(problems: readonly string[]): string {
  return withProblems('RunFileInvalid', ['the run file is invalid:', ...problems].join('\n'));
}

/** Runs a program; then exits with its status, or with 1 and one line when it throws. */
export function runProgram(program: (argv: string[]) => Promise<number>): void {
  guardTerminal();
  program(process.argv.slice(2)).then(
    (status) => process.exit(status),
    (error: unknown) => {
      process.stderr.write(`error: ${describeFailure(error)}\n`);
      process.exit(1);
    },
  );
}

function rootFailure(error: unknown): unknown {
  if (
    (error instanceof WorkflowFailedError || error instanceof ActivityFailure) &&
    error.cause !== undefined
  )
    return rootFailure(error.cause);
  return error;
}

function withProblems(type: string, message: string): string {
  if (type !== 'RunFileInvalid') return `${type}: ${oneLine(message)}`;
  const [first = '', ...problems] = message.split('\n');
  return [`${type}: ${first}`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}

function oneLine(message: string): string {
  return message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
