/** What the `status` query answers, at any time: while running, paused, and after the end. */
import type { EpochRecord } from './activities';
import type { Rung } from './halving';

export type StageName =
  | 'plan'
  | 'download'
  | 'gate'
  | 'logits'
  | 'teach'
  | 'distill'
  | 'evaluate'
  | 'promote'
  | 'publish';
export type StageState = 'waiting' | 'running' | 'done';

export interface StageStatus {
  name: StageName;
  state: StageState;
  /** `clips`, `shards`, `students`, … */
  unit: string;
  done: number;
  total: number;
  seconds: number;
}

export interface RunStatus {
  run: string;
  state: 'running' | 'paused' | 'done' | 'cancelled' | 'failed';
  stages: StageStatus[];
  /** Last finished epoch of each model in training. */
  epochs: Record<string, EpochRecord>;
  /** mAP of each model on eval, as far as known, by role and name (model-scores.ts). */
  scores: Record<string, number | null>;
  /** What was decided after each rung of `halving`; absent = none was reached. */
  halving?: Rung[];
  /** What was adapted or passed over, and settings that deserve a look; absent = nothing. */
  notes?: string[];
  /** Why it failed or was cancelled. */
  failures: string[];
}
