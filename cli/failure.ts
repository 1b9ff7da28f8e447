/**
 * What a user is told of an error: one line that names the thing and the remedy. Only an invalid
 * run file takes more lines, one a problem. The type that Temporal shows (`RunFileInvalid`,
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

/** A mistake in arguments or input, told without a stack. */
export class UsageError extends Error {}

/** The text behind `error: `, from any error. */
export function describeFailure(error: unknown): string {
  const cause = rootFailure(error);
  if (cause instanceof CancelledFailure)
    return 'the run was cancelled; what it had finished is in the store, and the next run goes on from there';
  if (cause instanceof TerminatedFailure)
    return 'the run was terminated; what it had finished is in the store, and the next run goes on from there';
  if (cause instanceof TimeoutFailure) return `timed out: ${oneLine(cause.message)}`;
  if (cause instanceof ApplicationFailure)
    return withProblems(cause.type ?? 'Error', cause.message);
  if (cause instanceof UsageError) return cause.message;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof message !== 'string') return String(error);
  // Node's own advice on positional arguments, after the first sentence, fits no command here.
  if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS'))
    return `${message.split('. ')[0]}; see --help`;
  return oneLine(message);
}

/**
 * The message of an invalid run file, the same whether this command or the workflow finds it out.
 */
export function runFileInvalid(problems: readonly string[]): string {
  return withProblems('RunFileInvalid', ['the run file is invalid:', ...problems].join('\n'));
}

/** Prints and leaves with exit code 1 once everything has been cleaned up. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`error: ${describeFailure(error)}\n`);
  process.exitCode = 1;
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
  return message.trim().replace(/\s*\n\s*/g, ' ');
}
