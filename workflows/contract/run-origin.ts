/**
 * Where a run was started: its client puts it into the workflow's memo, so that a worker with
 * another root can tell that relative paths of the run file lead to other files there. Part of no
 * key and of no result.
 */
import { z } from 'zod';

export const ORIGIN_MEMO = 'CedOrigin';

export const runOriginSchema = z.object({
  host: z.string(),
  /** Absolute, without links: where the client's relative paths start. */
  root: z.string(),
  /** By field of the run file (`corpus.train`), what its relative path led to. */
  files: z.record(
    z.string(),
    z.object({
      path: z.string(),
      /** Of names, lengths and first bytes (activities/plan/file-fingerprint.ts). */
      fingerprint: z.string(),
    }),
  ),
});
export type RunOrigin = z.output<typeof runOriginSchema>;
