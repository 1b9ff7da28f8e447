/** Names by which a section's models are told apart. */
import type { z } from 'zod';

export function distinctNames(
  entries: readonly { name: string }[],
  field: string,
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    if (seen.has(entry.name))
      context.addIssue({
        code: 'custom',
        path: [field, index, 'name'],
        message: `expected a name not used twice, '${entry.name}' is`,
      });
    seen.add(entry.name);
  });
}
