/**
 * `ced-distillation/client`: starts, follows and steers runs from a program of your own. Loads
 * neither TensorFlow nor a worker; the connection is yours.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { describeOrigin } from '../activities/plan/run-origin';
import type { RunResult } from '../workflows/contract/activities';
import { STATUS_QUERY, TASK_QUEUES } from '../workflows/contract/names';
import { parseRun } from '../workflows/contract/parse-run';
import type { Unchanged } from '../workflows/contract/promotion';
import { ORIGIN_MEMO } from '../workflows/contract/run-origin';
import {
  distillRunSchema,
  retrainRunSchema,
  teachRunSchema,
  type DistillRun,
  type TeachRun,
} from '../workflows/contract/run-file';
import { runSummary } from '../workflows/contract/run-summary';
import type { RunStatus } from '../workflows/contract/status';
import type { DistillInput, RetrainInput, TeachInput } from './contract';

const SCHEMAS = { distill: distillRunSchema, teach: teachRunSchema, retrain: retrainRunSchema };
const FOLLOW_EVERY_MS = 3000;

/** The run file of each workflow. */
interface Inputs {
  distill: DistillInput;
  teach: TeachInput;
  retrain: RetrainInput;
}

/** What each workflow returns. */
interface Results {
  distill: RunResult;
  teach: RunResult;
  retrain: RunResult | Unchanged;
}

/** A run file that no workflow would accept. */
export class RunFileInvalid extends Error {
  override readonly name = 'RunFileInvalid';
  /** @param problems `path: what is wrong, what is expected`, one for each */
  constructor(readonly problems: readonly string[]) {
    super(['the run file is invalid:', ...problems].join('\n'));
  }
}

export interface StartOptions {
  /** @default the run file's name */
  workflowId?: string;
  /** Of the worker that has the workflows. @default ced */
  taskQueue?: string;
  /**
   * Folder on this machine where the run file's relative paths are meant to start. A worker of this
   * machine whose root has other files then refuses the run, instead of reading those.
   * @default not said: they start from the worker's root, whatever that is
   */
  root?: string;
}

/** A run, by its workflow id, whether this process started it or another one. */
export class Run<Result = RunResult> {
  private readonly handle: WorkflowHandle;

  constructor(
    client: Client,
    readonly workflowId: string,
  ) {
    this.handle = client.workflow.getHandle(workflowId);
  }

  /** Stages, last epochs and scores. Needs a worker, of a finished run too. */
  async status(): Promise<RunStatus> {
    return await this.handle.query<RunStatus>(STATUS_QUERY);
  }

  /** The status every few seconds, until the run has ended; the last one is the final one. */
  async *follow(everyMs = FOLLOW_EVERY_MS): AsyncGenerator<RunStatus> {
    for (;;) {
      const status = await this.status();
      yield status;
      if (status.state !== 'running' && status.state !== 'paused') return;
      await sleep(everyMs);
    }
  }

  /** Finishes the step in progress, writes a checkpoint and frees the GPU. @returns the state */
  async pause(): Promise<RunStatus['state']> {
    return await this.handle.executeUpdate<RunStatus['state'], []>('pause');
  }

  /** Continues a paused run, to the same bytes. @returns the state */
  async resume(): Promise<RunStatus['state']> {
    return await this.handle.executeUpdate<RunStatus['state'], []>('resume');
  }

  /** Ends trainings with this epoch, or with the current one where that has passed. */
  async stopAfterEpoch(epoch: number): Promise<void> {
    await this.handle.executeUpdate<number, [number]>('stopAfterEpoch', { args: [epoch] });
  }

  /** Leaves a checkpoint and all committed results. */
  async cancel(): Promise<void> {
    await this.handle.cancel();
  }

  /** Waits for the end. @throws {WorkflowFailedError} of Temporal's client when the run failed */
  async result(): Promise<Result> {
    return (await this.handle.result()) as Result;
  }
}

/**
 * Starts a run, or takes the open one of the same id.
 * @throws {RunFileInvalid} before anything is started
 */
export async function startRun<Type extends keyof Inputs>(
  client: Client,
  type: Type,
  run: Inputs[Type],
  { workflowId = run.name, taskQueue = TASK_QUEUES.workflows, root }: StartOptions = {},
): Promise<Run<Results[Type]>> {
  const parsed = parseRun(SCHEMAS[type], run);
  if ('problems' in parsed) throw new RunFileInvalid(parsed.problems);
  const accepted = parsed.run as DistillRun | TeachRun;
  const { summary, details } = runSummary(accepted);
  const memo =
    root === undefined ? {} : { memo: { [ORIGIN_MEMO]: await describeOrigin(accepted, root) } };
  await client.workflow.start(type, {
    staticSummary: summary,
    staticDetails: details,
    taskQueue,
    workflowId,
    args: [run],
    workflowIdConflictPolicy: 'USE_EXISTING',
    ...memo,
  });
  return new Run<Results[Type]>(client, workflowId);
}
