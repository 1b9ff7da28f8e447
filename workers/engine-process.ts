/**
 * The worker's side of the engine: keeps one process warm between jobs, gives it one job at a time,
 * and ends it when a job was stopped or none came for a while. A new process starts only after the
 * one before it has exited, so two never share the GPU.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineLost, EngineStopped, type EngineJob, type JobResult } from '../jobs/engine-jobs';
import type { EngineClient } from '../activities/dependencies';
import { standstillLimitMs, Standstills } from '../jobs/process/standstills';
import { EngineChild, type EngineChildOptions } from './engine-child';
import { serviceOf, type StoreService } from './engine-environment';
import type { WorkerMetrics } from './worker-metrics';

export interface EngineProcessOptions extends EngineChildOptions {
  /** Idle time after which the process is ended. @default 60000 */
  idleMs?: number;
  /**
   * Whether a process that computes on the CPU is refused: a GPU can fail between two processes.
   * @default false
   */
  gpuOnly?: boolean;
  /** Receives the engine's progress and how its jobs end. */
  metrics?: WorkerMetrics;
  /**
   * Shared with the rest of the worker. A job that was in flight during one is lost: its activity
   * may run elsewhere by now.
   */
  standstills?: Standstills;
}

/**
 * How long a killed process may take to exit: a driver gives back gigabytes of GPU memory first.
 * Less than the heartbeat time-out, because nothing is reported meanwhile.
 */
const EXIT_MS = 20_000;

type RunOptions = Parameters<EngineClient['run']>[1];

export class EngineProcess implements EngineClient {
  private child: EngineChild | null = null;
  private busy = false;
  private idle: NodeJS.Timeout | undefined;
  private readonly standstills: Standstills;

  constructor(private readonly options: EngineProcessOptions) {
    this.standstills = options.standstills ?? new Standstills(standstillLimitMs(process.env));
  }

  get pid(): number | null {
    return (this.child?.isUsable && this.child.pid) || null;
  }

  /** Starts the process that takes the next job, and names the device it computes on. */
  async device(): Promise<'cpu' | 'gpu'> {
    const child = await this.start(null);
    this.rest();
    return await child.device;
  }

  async run<J extends EngineJob>(job: J, options: RunOptions): Promise<JobResult<J>> {
    if (this.busy) throw new Error('the engine does one job at a time');
    if (options.signal.aborted) throw new EngineStopped();
    this.busy = true;
    clearTimeout(this.idle);
    const { metrics } = this.options;
    let outcome: 'done' | 'failed' | 'stopped' = 'failed';
    try {
      // Nothing that was made before a process is in a group can be used in it.
      if (options.group) await this.end();
      const child = await this.start(serviceOf(job.input.store));
      if (this.options.gpuOnly === true) await this.refuseCpu(child);
      if (options.signal.aborted) throw new EngineStopped();
      options.group?.onStart({
        tell: (message) => child.tellGroup(message),
        end: (generation) => child.endGroup(generation),
      });
      const result = await child.run(job, {
        signal: options.signal,
        onProgress: (progress, memoryBytes) => {
          metrics?.progress(job, progress, memoryBytes);
          options.onProgress(progress);
        },
        onEpoch: (record) => options.onEpoch?.(record),
        onAlive: (phase) => options.onAlive?.(phase),
        group: options.group,
      });
      outcome = 'done';
      return result as JobResult<J>;
    } catch (error) {
      if (error instanceof EngineStopped) {
        outcome = 'stopped';
        // The caller stops a job to free the GPU, whose memory is freed by the end of the process.
        await this.end();
      }
      throw error;
    } finally {
      // What listens for other workers' engines ends with the process.
      if (options.group) await this.end();
      metrics?.ended(job, outcome);
      this.busy = false;
      this.rest();
    }
  }

  private rest(): void {
    this.idle = setTimeout(() => void this.end(), this.options.idleMs ?? 60_000).unref();
  }

  /** @throws {EngineLost} so that a worker that has a GPU may take the job */
  private async refuseCpu(child: EngineChild): Promise<void> {
    if ((await child.device) === 'gpu') return;
    child.kill();
    throw new EngineLost('the engine found no GPU; this worker does not compute on the CPU');
  }

  /** Ends the process and resolves when it is gone; a job in flight is lost. */
  async end(): Promise<void> {
    clearTimeout(this.idle);
    this.child?.kill();
    await this.gone();
  }

  /** @param service whose credentials the process may use */
  private async start(service: StoreService): Promise<EngineChild> {
    if (this.child?.isUsable && this.child.service === service) return this.child;
    this.child?.kill();
    if (!(await this.gone()))
      throw new EngineLost(
        `the engine's process ${this.child?.pid} was killed and does not end; ` +
          'no other is started beside it',
      );
    return (this.child = new EngineChild(this.options, service, this.standstills));
  }

  /** Waits for the exit of a process that was killed or lost. @returns false when it lives on */
  private async gone(): Promise<boolean> {
    if (!this.child) return true;
    const late = new AbortController();
    const tooLong = sleep(EXIT_MS, false, { signal: late.signal }).catch(() => false);
    const gone = await Promise.race([this.child.exited.then(() => true), tooLong]);
    late.abort();
    return gone;
  }
}
