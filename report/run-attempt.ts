/** One attempt at an activity, as the report's timeline draws it. */
import type { StageName } from '../workflows/contract/status';

export interface RunAttempt {
  activity: string;
  activityId: string;
  /** From 1. */
  attempt: number;
  /** The worker's identity as Temporal shows it. */
  worker: string;
  /** What it worked on, as a reader would call it. */
  what: string;
  /** When a worker could have started it: by the server's clock, milliseconds since 1970. */
  scheduledMs: number;
  /** By the worker's clock. */
  startedMs: number;
  stage: StageName;
  gpu: boolean;
  /** `lost`: it recorded no end, because its process was killed or its machine failed. */
  outcome: 'done' | 'failed' | 'stopped' | 'lost';
  /** Of a lost attempt the latest possible time: when the next one was scheduled. */
  endedMs: number;
  failure: string | null;
  reused: boolean;
  /** Equal in all attempts at the same work, of whatever run; absent in earlier versions. */
  work?: string;
}
