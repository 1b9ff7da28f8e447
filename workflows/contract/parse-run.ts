/** A run file, or all that is wrong with it. */
import type { z } from 'zod';
import { schemaProblems } from './schema-problems';

/**
 * Parses a run file. Never throws: problems come back as `path: what is wrong`, one a line, all of
 * them.
 */
export function parseRun<S extends z.ZodType>(
  schema: S,
  input: unknown,
): { run: z.output<S> } | { problems: string[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { run: parsed.data };
  return { problems: schemaProblems(parsed.error, '(run file)') };
}
