/**
 * Messages between the worker and its engine process over IPC (structured clone, so typed arrays
 * and undefined survive).
 */
import type { EngineJob } from './engine-jobs';
import type { EpochRecord } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import type { FromGroupEngine, ToGroupEngine } from './protocol-group';
import type { ErrorRecord } from './process/error-record';

export type ToEngine =
  /** Refused while another job is at work. `inGroup`: other workers may take part. */
  | { type: 'run'; id: number; job: EngineJob; inGroup?: true }
  | { type: 'group'; id: number; message: ToGroupEngine }
  /** Finish the step, write a checkpoint, end the job. */
  | { type: 'stop'; id: number }
  /**
   * The worker is there. An engine that gets no message for as long as a standstill
   * (jobs/process/standstills.ts) ends itself.
   */
  | { type: 'alive' }
  /** Answer to `askOwnership`: the worker did not stand still, the job is still its own. */
  | { type: 'confirmOwnership'; standstill: number };

export type FromEngine =
  /** TensorFlow is loaded and computes on this device. */
  | { type: 'ready'; device: 'cpu' | 'gpu' }
  /**
   * Asked after a standstill, before anything is written. A worker that stood still too kills the
   * engine instead of answering.
   */
  | { type: 'askOwnership'; standstill: number }
  /** `memoryBytes`: resident memory of the engine's process. */
  | { type: 'progress'; id: number; progress: LiveProgress; memoryBytes: number }
  /** Nothing is counted, and something moves: bytes arrive, or (`phase`) a store is waited for. */
  | { type: 'waiting'; id: number; phase?: string }
  | { type: 'epoch'; id: number; record: EpochRecord }
  | { type: 'group'; id: number; message: FromGroupEngine }
  | { type: 'done'; id: number; result: unknown }
  | { type: 'failed'; id: number; error: ErrorRecord };
