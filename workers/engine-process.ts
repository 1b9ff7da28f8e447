/**
 * The worker's side of the engine: forks the process, sends it one job at a time, relays progress,
 * stops it on cancellation and kills it on silence. It stays warm between jobs and is ended when
 * idle.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineEnvironment } from '../ced/engine/environment';
import { EngineLost, EngineStopped, type EngineJob, type JobResult } from '../jobs/engine-jobs';
import type { EngineClient } from '../activities/dependencies';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { decodeError } from '../jobs/process/error-record';
import { standstillLimitMs, Standstills } from '../jobs/process/standstills';
import type { WorkerMetrics } from './worker-metrics';
import type { FromEngine, ToEngine } from '../jobs/protocol';

export interface EngineProcessOptions {
  /** Compiled entry of the engine's process. */
  entry: string;
  root: string;
  intraOpThreads: number;
  /** Variables for the process, on top of this one's. */
  environment?: Record<string, string>;
  /**
   * After an order to stop, how long a step and its checkpoint may take before the process is
   * killed. @default 15000
   */
  stopGraceMs?: number;
  /** Idle time after which the process is ended. @default 60000 */
  idleMs?: number;
  /** Told what the engine says and how its jobs end. */
  metrics?: WorkerMetrics;
  /** Receives the lines that the process prints. @default they go where this process's own go */
  onOutput?: (line: string) => void;
  /**
   * Shared with the rest of the worker. A job that was in flight during one is lost: its activity
   * may run elsewhere by now.
   */
  standstills?: Standstills;
}

/** Silence that is taken for a hang: at least this, or five times the slowest step seen. */
const SILENCE_MS = 60_000;
/**
 * Before a job's first word: loading TensorFlow, weights and shards, and tracing the first step.
 */
const LOADING_MS = 300_000;

type RunOptions = Parameters<EngineClient['run']>[1];

interface Running {
  id: number;
  job: EngineJob;
  options: RunOptions;
  resolve(result: unknown): void;
  reject(error: Error): void;
  lastWordMs: number;
  slowestMs: number;
  spoken: boolean;
  /** Standstills seen when it began. */
  standstills: number;
}

export class EngineProcess implements EngineClient {
  private child: ChildProcess | null = null;
  private running: Running | null = null;
  private nextId = 1;
  private idle: NodeJS.Timeout | undefined;

  private readonly standstills: Standstills;

  constructor(private readonly options: EngineProcessOptions) {
    this.standstills = options.standstills ?? new Standstills(standstillLimitMs(process.env));
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  async run<J extends EngineJob>(job: J, options: RunOptions): Promise<JobResult<J>> {
    if (this.running) throw new Error('the engine does one job at a time');
    if (options.signal.aborted) throw new EngineStopped();
    clearTimeout(this.idle);
    const child = this.child ?? this.start();
    const id = this.nextId++;
    const watch = setInterval(() => this.watch(child), this.standstills.limitMs / 4);
    const stop = (): void => {
      this.tell(child, { type: 'stop', id });
      setTimeout(
        () => this.running?.id === id && child.kill('SIGKILL'),
        this.options.stopGraceMs ?? 15_000,
      ).unref();
    };
    options.signal.addEventListener('abort', stop, { once: true });
    let outcome: 'done' | 'failed' | 'stopped' = 'failed';
    try {
      const result = await new Promise<JobResult<J>>((resolve, reject) => {
        this.running = {
          id,
          job,
          options,
          resolve: (result) => resolve(result as JobResult<J>),
          reject,
          lastWordMs: performance.now(),
          slowestMs: 0,
          spoken: false,
          standstills: this.standstills.seen(),
        };
        this.tell(child, { type: 'run', id, job });
      });
      outcome = 'done';
      return result;
    } catch (error) {
      if (error instanceof EngineStopped) {
        outcome = 'stopped';
        // Who stops a job wants its GPU back, and memory on it is freed by the end of the process
        // alone.
        this.end();
      }
      throw error;
    } finally {
      this.options.metrics?.ended(job, outcome);
      this.running = null;
      clearInterval(watch);
      options.signal.removeEventListener('abort', stop);
      this.idle = setTimeout(() => this.end(), this.options.idleMs ?? 60_000).unref();
    }
  }

  /** Ends the process; a job in flight is lost. */
  end(): void {
    clearTimeout(this.idle);
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  private start(): ChildProcess {
    const { entry, root, intraOpThreads, onOutput } = this.options;
    const output = onOutput ? 'pipe' : 'inherit';
    const child = fork(entry, [], {
      serialization: 'advanced',
      env: {
        ...process.env,
        ...engineEnvironment({ intraOpThreads }),
        CED_ROOT: root,
        ...this.options.environment,
        CED_PDEATHSIG: '1',
      },
      stdio: ['ignore', output, output, 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr])
      if (stream && onOutput) createInterface(stream).on('line', onOutput);
    child.on('message', (message) => this.hear(message as FromEngine));
    const lost = (why: string): void => {
      if (this.child === child) this.child = null;
      this.running?.reject(new EngineLost(why));
    };
    child.on('exit', (code, signal) =>
      lost(`the engine's process ended (${signal ?? `exit status ${code}`})`),
    );
    child.on('error', (error) => lost(`the engine's process: ${error.message}`));
    this.child = child;
    return child;
  }

  private hear(message: FromEngine): void {
    const { running } = this;
    if (message.type === 'askOwnership') {
      if (this.child && !this.stoodStill(this.child))
        this.tell(this.child, { type: 'confirmOwnership', standstill: message.standstill });
      return;
    }
    if (message.type === 'ready' || !running || message.id !== running.id) return;
    const nowMs = performance.now();
    if (running.spoken) running.slowestMs = Math.max(running.slowestMs, nowMs - running.lastWordMs);
    running.lastWordMs = nowMs;
    running.spoken = true;
    switch (message.type) {
      case 'progress':
        this.options.metrics?.progress(running.job, message.progress, message.memoryBytes);
        return running.options.onProgress(message.progress satisfies LiveProgress);
      case 'epoch':
        return running.options.onEpoch?.(message.record);
      case 'done':
        return running.resolve(message.result);
      case 'failed':
        return running.reject(decodeError(message.error));
    }
  }

  private watch(child: ChildProcess): void {
    if (this.stoodStill(child)) return;
    this.tell(child, { type: 'alive' });
    const { running } = this;
    if (!running) return;
    const silentMs = performance.now() - running.lastWordMs;
    if (silentMs < (running.spoken ? Math.max(SILENCE_MS, 5 * running.slowestMs) : LOADING_MS))
      return;
    child.kill('SIGKILL');
    running.reject(
      new EngineLost(`the engine said nothing for ${Math.round(silentMs / 1000)} s and was ended`),
    );
  }

  /**
   * Whether this worker stood still during the job: then the engine is killed before it writes
   * anything, and the job is lost.
   */
  private stoodStill(child: ChildProcess): boolean {
    const seen = this.standstills.seen();
    const { running } = this;
    if (!running || seen === running.standstills) return false;
    child.kill('SIGKILL');
    running.reject(
      new EngineLost(
        'this worker stood still for so long that its job may have been given to another; it is tried again',
      ),
    );
    return true;
  }

  private tell(child: ChildProcess, message: ToEngine): void {
    // A send to a process that just died fails by callback; its exit event is what counts.
    child.send(message, () => undefined);
  }
}
