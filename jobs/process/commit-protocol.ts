/** Messages between the engine's thread and the thread that commits checkpoints. */
import type { UncommittedCheckpoint } from '../train/checkpoint-commit';
import type { ErrorRecord } from './error-record';

export type ToCommitThread =
  | { type: 'commit'; id: number; store: string; checkpoint: UncommittedCheckpoint }
  /** Answer to `askOwnership`. */
  | { type: 'confirmOwnership'; standstill: number };

export type FromCommitThread =
  | { type: 'done'; id: number }
  | { type: 'failed'; id: number; error: ErrorRecord }
  /** Bytes are written, or the store does not answer and is tried again. */
  | { type: 'waiting'; id: number }
  /** Asked after a standstill, before anything is written (ownership.ts). */
  | { type: 'askOwnership'; standstill: number };
