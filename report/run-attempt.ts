/** One attempt at an activity, as the report's timeline draws it. */
import type { StageName } from '../workflows/contract/status';

export interface RunAttempt {
  activity: string;
  activityId: string;
  /** From 1. */
  attempt: number;
  /** The worker's identity as Temporal shows it. */
  worker: string;
  /** What it works on, for people. */
  what: string;
  /** By the server's clock, milliseconds since 1970: when a worker could have taken it. */
  scheduledMs: number;
  /** By the worker's clock. */
  startedMs: number;
  stage: StageName;
  gpu: boolean;
  /** `lost`: it left no end, its process was killed or its machine went away. */
  outcome: 'done' | 'failed' | 'stopped' | 'lost';
  /** Of a lost attempt: when the next one was due, which is as late as it can have ended. */
  endedMs: number;
  failure: string | null;
  reused: boolean;
}
