/** Checks a run file before any work: an invalid one fails the workflow with every problem. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import { parseRun } from './contract/parse-run';

/**
 * @throws {ApplicationFailure} RunFileInvalid, non-retryable. (A plain Error would retry the
 *   workflow task for ever and look hung.)
 */
export function acceptRun<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = parseRun(schema, input);
  if ('run' in parsed) return parsed.run;
  throw ApplicationFailure.nonRetryable(
    `the run file is invalid:\n${parsed.problems.join('\n')}`,
    'RunFileInvalid',
    parsed.problems,
  );
}
