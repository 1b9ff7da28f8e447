/** What a schema finds wrong with a value, in one line a problem. */
import type { z } from 'zod';

/** `field.path[3]: what is wrong`. @param whole stands for the path of the value itself */
export function schemaProblems(error: z.core.$ZodError, whole: string): string[] {
  return error.issues.flatMap((issue) => describeIssue(issue, whole));
}

function describeIssue(issue: z.core.$ZodIssue, whole: string): string[] {
  const path = pathOf(issue.path);
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return closestBranch(issue.errors).flatMap((nested) =>
      describeIssue({ ...nested, path: [...issue.path, ...nested.path] }, whole),
    );
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(
      (key) =>
        `${path === '' ? '' : `${path}.`}${key}: unknown field, remove it or check its spelling`,
    );
  return [`${path || whole}: ${expectation(issue)}`];
}

/** A union that is told by one of its fields gives no alternatives, only what that field may be. */
function expectation(issue: z.core.$ZodIssue): string {
  const oneOf = (values: readonly unknown[]): string =>
    `expected ${values.map((value) => `'${String(value)}'`).join(' or ')}`;
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options)
    return oneOf(issue.options);
  // A message that the schema gives itself says more.
  const isOwn = !issue.message.startsWith('Invalid ');
  if (issue.code === 'invalid_value' && !isOwn) return oneOf(issue.values);
  const [, received] = / received (\w+)$/.exec(issue.message) ?? [];
  if (issue.code !== 'invalid_type' || isOwn || received === undefined) return issue.message;
  const expected = `expected ${issue.expected}`;
  return received === 'undefined' ? `missing, ${expected}` : `${expected}, not ${received}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (at, key) =>
      typeof key === 'number' ? `${at}[${key}]` : at ? `${at}.${String(key)}` : String(key),
    '',
  );
}

/**
 * The alternative of a union that is nearest to the input: its problems are reported.
 */
function closestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const problems = (issues: z.core.$ZodIssue[]): number =>
    issues.reduce(
      (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
      0,
    );
  return branches.reduce((best, branch) => (problems(branch) < problems(best) ? branch : best));
}
