/** A run file, or all that is wrong with it. */
import type { z } from 'zod';

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
  return { problems: parsed.error.issues.flatMap(describeIssue) };
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path =
    issue.path.reduce<string>(
      (at, key) =>
        typeof key === 'number' ? `${at}[${key}]` : at ? `${at}.${String(key)}` : String(key),
      '',
    ) || '(run file)';
  if (issue.code === 'invalid_union')
    return closestBranch(issue.errors).flatMap((nested) =>
      describeIssue({ ...nested, path: [...issue.path, ...nested.path] }),
    );
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(
      (key) =>
        `${path === '(run file)' ? '' : `${path}.`}${key}: unknown field, remove it or check its spelling`,
    );
  return [`${path}: ${issue.message}`];
}

/**
 * Of the alternatives that a field has, the one that the input comes nearest to: its problems are
 * the ones to tell.
 */
function closestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const problems = (issues: z.core.$ZodIssue[]): number =>
    issues.reduce(
      (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
      0,
    );
  return branches.reduce((best, branch) => (problems(branch) < problems(best) ? branch : best));
}
