/** Checks a run file before any work: an invalid one fails the workflow with every problem. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import { parseRun } from './contract/parse-run';
import { shortText } from './contract/short-text';

const MOST_PROBLEMS = 30;

/**
 * @throws {ApplicationFailure} RunFileInvalid, non-retryable. (A plain Error would retry the
 *   workflow task for ever and look hung.)
 */
export function acceptRun<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = parseRun(schema, input);
  if ('run' in parsed) return parsed.run;
  throw runFileInvalid(parsed.problems);
}

/** Problems of a run file, as many as a failure can carry. */
export function runFileInvalid(problems: readonly string[]): ApplicationFailure {
  const told = problems.slice(0, MOST_PROBLEMS).map((problem) => shortText(problem, 500));
  const more = problems.length - told.length;
  if (more > 0) told.push(`and ${more} more problems`);
  return ApplicationFailure.nonRetryable(
    `the run file is invalid:\n${told.join('\n')}`,
    'RunFileInvalid',
    told,
  );
}
