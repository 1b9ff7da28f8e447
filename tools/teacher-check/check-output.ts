/** What `npm run teacher-check` prints with --json. */
import { z } from 'zod';

export const teacherCheckSchema = z
  .object({
    formatVersion: z.literal(1),
    taskQueue: z.string(),
    passed: z.boolean().describe('Whether all checks passed.'),
    checks: z.array(
      z.object({
        name: z.string(),
        passed: z.boolean(),
        why: z.string().describe('What was seen.'),
      }),
    ),
  })
  .describe('npm run --silent teacher-check -- QUEUE --json');
export type TeacherCheckOutput = z.output<typeof teacherCheckSchema>;
