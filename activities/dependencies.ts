/**
 * What the activities depend on. They receive it as an argument, so that they know no process and a
 * test can pass its own.
 */
import type { EpochRecord, TrainingLeader } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import type { EngineJob, JobResult } from '../jobs/engine-jobs';
import type { FromGroupEngine, ToGroupEngine } from '../jobs/protocol-group';
import type { RetryOptions } from '../storage/retry';
import type { SourceOptions } from '../storage/sources/source';
import type { Store } from '../storage/store';

export interface EngineClient {
  /**
   * Runs a job in the engine's process. Rejects with the job's own error, with `EngineStopped` when
   * `signal` asked it to stop (its state is then committed and the process gone), or with
   * `EngineLost` when the process died or fell silent.
   */
  run<J extends EngineJob>(
    job: J,
    options: {
      signal: AbortSignal;
      onProgress: (progress: LiveProgress) => void;
      /** The job counts nothing just now and is not overdue. */
      onAlive?: (phase?: string) => void;
      onEpoch?: (record: EpochRecord) => void;
      /** Other workers may take part. The process ends with the job. */
      group?: GroupWatch;
    },
  ): Promise<JobResult<J>>;
}

/** The worker's side of a group, see jobs/protocol-group.ts. */
export interface GroupWatch {
  /** The process is there, before it begins. */
  onStart(engine: GroupEngine): void;
  onMessage(message: FromGroupEngine): void;
}

export interface GroupEngine {
  tell(message: ToGroupEngine): void;
  /** Ends a group, also while the process waits inside of one of its operations. */
  end(generation: number): void;
}

/** How this worker trains with others. */
export interface Peers {
  /** Private address at which they reach it. */
  readonly address: string;
  /** One of that address, for an engine to listen on. */
  freePort(): Promise<number>;
  /** Tells a workflow who leads one of its trainings. */
  announce(workflow: { workflowId: string; runId: string }, leader: TrainingLeader): Promise<void>;
}

export interface ActivityDependencies {
  /** Relative paths of run files start here. */
  root: string;
  /** @param retry how its waiting is reported, and ended */
  openStore(uri: string, retry?: RetryOptions): Store;
  /** How tables and audio are read. @default the public internet, nobody pays */
  sources?: SourceOptions;
  /** Training clips may stand in validation or eval too. @default false */
  allowOverlap?: boolean;
  /** This worker's identity as Temporal shows it. @default unknown */
  worker?: string;
  engine: EngineClient;
  /** Absent: this worker trains alone. */
  peers?: Peers;
  /**
   * Aborted when the attempt is cancelled or its worker is told to stop. Stores and sources end
   * their work by it; computing looks at it between two parts. @default never
   */
  signal?: AbortSignal;
  /** Milliseconds of a monotonic clock. */
  monotonicMs: () => number;
  /**
   * Tells a workflow of a finished epoch. Never rejects: losing one loses nothing but a line in
   * `status`.
   */
  notifyEpoch(workflow: { workflowId: string; runId: string }, record: EpochRecord): Promise<void>;
}
