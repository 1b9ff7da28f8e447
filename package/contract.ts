/**
 * `ced-distillation/contract`: the run file with its schema, what a run returns, and the names of
 * queues, messages and search attributes. Loads zod alone, so workflow code may import it.
 */
import type { z } from 'zod';
import type { RunResult } from '../workflows/contract/activities';
import type { Unchanged } from '../workflows/contract/promotion';
import type {
  distillRunSchema,
  retrainRunSchema,
  teachRunSchema,
} from '../workflows/contract/run-file';

export {
  runResultSchema,
  type EpochRecord,
  type RunResult,
} from '../workflows/contract/activities';
export { SEARCH_ATTRIBUTES, STATUS_QUERY, TASK_QUEUES } from '../workflows/contract/names';
export { parseRun } from '../workflows/contract/parse-run';
export type { Unchanged } from '../workflows/contract/promotion';
export {
  distillRunSchema,
  retrainRunSchema,
  teachRunSchema,
  type DistillRun,
  type TeachRun,
} from '../workflows/contract/run-file';
export type { SelectClipsInput, SelectedClips } from '../workflows/contract/selection';
export type { RunStatus, StageName, StageStatus } from '../workflows/contract/status';

/** Run files as they are written: fields that are left out have their default. */
export type DistillInput = z.input<typeof distillRunSchema>;
export type RetrainInput = z.input<typeof retrainRunSchema>;
export type TeachInput = z.input<typeof teachRunSchema>;

/**
 * Workflows by the names that they are started with, for a client or for a parent:
 * `executeChild<Workflows['distill']>('distill', { taskQueue: TASK_QUEUES.workflows, … })`.
 */
export interface Workflows {
  distill: (run: DistillInput) => Promise<RunResult>;
  teach: (run: TeachInput) => Promise<RunResult>;
  retrain: (run: RetrainInput) => Promise<RunResult | Unchanged>;
}
