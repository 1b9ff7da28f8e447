/** What the worker and its engine process say to each other over IPC (structured clone, so typed arrays and undefined survive). */
import type { EngineJob } from '../../activities/engine-jobs';
import type { EpochRecord, LiveProgress } from '../../workflows/contract/activities';

export type ToEngine =
  | { type: 'run'; id: number; job: EngineJob }
  /** Finish the step, write a checkpoint, end the job. */
  | { type: 'stop'; id: number }
  /** The worker is there. An engine that hears nothing for the heartbeat time-out ends itself. */
  | { type: 'alive' };

export type FromEngine =
  | { type: 'ready' }
  | { type: 'progress'; id: number; progress: LiveProgress }
  | { type: 'epoch'; id: number; record: EpochRecord }
  | { type: 'done'; id: number; result: unknown }
  | { type: 'failed'; id: number; name: string; message: string; code: string | null; stack: string | null };

export const ALIVE_EVERY_MS = 5000;
/** Equal to the activities' heartbeat time-out: by then the server has given the work to somebody else. */
export const PARENT_SILENT_MS = 30_000;
