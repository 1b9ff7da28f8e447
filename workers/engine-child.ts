/**
 * One engine process from its start to its exit, and the one job at a time that it runs. Process,
 * handlers and job belong to one object, so nothing that an earlier process still says or does can
 * reach a later job.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { GroupWatch } from '../activities/dependencies';
import { engineEnvironment } from '../ced/engine/environment';
import { EngineLost, type EngineJob } from '../jobs/engine-jobs';
import { decodeError } from '../jobs/process/error-record';
import type { Standstills } from '../jobs/process/standstills';
import type { FromEngine, ToEngine } from '../jobs/protocol';
import { GROUPS_DESCRIPTOR, type ToGroupEngine } from '../jobs/protocol-group';
import type { EpochRecord } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { environmentForEngine, type StoreService } from './engine-environment';
import {
  describeExit,
  describeFailedAllocation,
  describeSilence,
  outOfMemoryKills,
  peakResidentBytes,
} from './engine-exit';
import { SilenceLimit, type SilenceOptions } from './silence-limit';
import { StoppedProcess } from './stopped-process';

export interface EngineChildOptions {
  /** Compiled entry of the engine's process. */
  entry: string;
  root: string;
  threads: number;
  /** Variables for the process, besides those that it inherits from the worker. */
  environment?: Record<string, string>;
  /**
   * After an order to stop, how long a step and its checkpoint may take before the process is
   * killed. @default 15000
   */
  stopGraceMs?: number;
  /** When a job that says nothing is hung. */
  silence?: SilenceOptions;
  /** Receives the lines that the process prints. @default they go where this process's own go */
  onOutput?: (line: string) => void;
}

export interface JobWatch {
  signal: AbortSignal;
  /** @param memoryBytes resident memory of the engine's process */
  onProgress: (progress: LiveProgress, memoryBytes: number) => void;
  onEpoch: (record: EpochRecord) => void;
  /**
   * Called several times a minute while the job counts nothing and is not overdue: it waits for a
   * store, or a single step takes long.
   */
  onAlive: (phase?: string) => void;
  /** Of a job in which other workers may take part. */
  group?: GroupWatch | undefined;
}

interface Running {
  id: number;
  job: EngineJob;
  /** Of the kernel, when it began. */
  outOfMemoryKills: number;
  watch: JobWatch;
  resolve(result: unknown): void;
  reject(error: Error): void;
  silence: SilenceLimit;
  /** Standstills seen when it began. */
  standstills: number;
}

export class EngineChild {
  /** The device it computes on, once it has loaded TensorFlow. Rejects if it ends before. */
  readonly device: Promise<'cpu' | 'gpu'>;
  /** Resolves when the kernel has taken the process apart and its GPU memory is free. */
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private ready!: (device: 'cpu' | 'gpu') => void;
  private neverReady!: (error: Error) => void;
  private running: Running | null = null;
  private nextId = 1;
  private usable = true;
  private peakBytes = 0;
  private readonly stopped = new StoppedProcess();

  /**
   * @param service whose credentials it may use
   * @param standstills of the worker: a job that was in flight during one is lost
   */
  constructor(
    private readonly options: EngineChildOptions,
    readonly service: StoreService,
    private readonly standstills: Standstills,
  ) {
    const child = startProcess(options, service);
    this.child = child;
    this.device = new Promise((resolve, reject) => {
      this.ready = resolve;
      this.neverReady = reject;
    });
    this.device.catch(() => undefined); // no unhandled rejection when no caller waits
    const looking = setInterval(() => this.look(), standstills.limitMs / 4);
    child.on('message', (message) => this.onMessage(message as FromEngine));
    this.exited = new Promise((resolve) => {
      const onEnd = (why: string): void => {
        clearInterval(looking);
        this.lose(why);
        resolve();
      };
      child.once('exit', (code, signal) => onEnd(this.describeExit(code, signal)));
      child.on('error', (error) => {
        const why = `the engine's process: ${error.message}`;
        // A process that never started emits no exit.
        if (child.pid === undefined) onEnd(why);
        else this.lose(why);
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it takes another job. A lost or killed process takes none. */
  get isUsable(): boolean {
    return this.usable;
  }

  /**
   * @throws {EngineStopped} when `signal` asked the job to stop and it has committed its state
   * @throws {EngineLost} when the process ended, fell silent or stood still
   */
  async run(job: EngineJob, watch: JobWatch): Promise<unknown> {
    if (this.running) throw new Error('the engine does one job at a time');
    const id = this.nextId++;
    let grace: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.tell({ type: 'stop', id });
      grace = setTimeout(() => this.kill(), this.options.stopGraceMs ?? 15_000).unref();
    };
    watch.signal.addEventListener('abort', stop, { once: true });
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.running = {
          id,
          job,
          outOfMemoryKills: outOfMemoryKills(),
          watch,
          resolve,
          reject,
          silence: new SilenceLimit(undefined, this.options.silence),
          standstills: this.standstills.seen(),
        };
        this.tell({ type: 'run', id, job, ...(watch.group ? { inGroup: true } : {}) });
      });
    } finally {
      this.running = null;
      clearTimeout(grace);
      watch.signal.removeEventListener('abort', stop);
    }
  }

  /** Ends the process at once; a job in flight is lost when it is gone. */
  kill(): void {
    this.usable = false;
    this.child.kill('SIGKILL');
  }

  /** Tells the job at work what its group does. */
  tellGroup(message: ToGroupEngine): void {
    if (this.running) this.tell({ type: 'group', id: this.running.id, message });
  }

  /** Ends a group, also while the process waits inside of one of its operations. */
  endGroup(generation: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(generation);
    (this.child.stdio[GROUPS_DESCRIPTOR] as Writable).write(bytes);
  }

  private describeExit(code: number | null, signal: string | null): string {
    const { running, peakBytes } = this;
    const outOfMemory = running !== null && outOfMemoryKills() > running.outOfMemoryKills;
    return describeExit({ code, signal, outOfMemory, peakBytes, job: running?.job ?? null });
  }

  private lose(why: string): void {
    this.usable = false;
    this.neverReady(new EngineLost(why));
    this.running?.reject(new EngineLost(why));
  }

  private onMessage(message: FromEngine): void {
    if (message.type === 'askOwnership') {
      if (!this.stoodStill())
        this.tell({ type: 'confirmOwnership', standstill: message.standstill });
      return;
    }
    if (message.type === 'ready') return this.ready(message.device);
    const { running } = this;
    if (running?.id !== message.id) return;
    switch (message.type) {
      case 'progress':
        running.silence.counted(message.progress.phase);
        this.peakBytes = Math.max(this.peakBytes, message.memoryBytes);
        return running.watch.onProgress(message.progress, message.memoryBytes);
      case 'waiting':
        running.silence.waited();
        return running.watch.onAlive(message.phase);
      case 'epoch':
        running.silence.waited();
        return running.watch.onEpoch(message.record);
      case 'group':
        running.silence.waited();
        return running.watch.group?.onMessage(message.message);
      case 'done':
        return running.resolve(message.result);
      case 'failed':
        return this.fail(running, decodeError(message.error));
    }
  }

  /**
   * Ends a process that could not allocate memory, so that the next job finds its memory free.
   */
  private fail(running: Running, error: Error): void {
    const { peakBytes } = this;
    const why = describeFailedAllocation(error, { peakBytes, job: running.job });
    if (why === null) return running.reject(error);
    this.kill();
    running.reject(new EngineLost(why));
  }

  private look(): void {
    if (this.stoodStill()) return;
    this.tell({ type: 'alive' });
    if (this.pid !== undefined)
      this.peakBytes = Math.max(this.peakBytes, peakResidentBytes(this.pid));
    const { running } = this;
    if (!running) return;
    const { job, silence, watch } = running;
    // Alone it may be stopped for as long as it may be silent; in a group others wait for it.
    if (watch.group && this.stopped.look(this.pid)) {
      this.kill();
      return this.lose("the engine's process was stopped (SIGSTOP) while its group waited for it");
    }
    if (!silence.isExceeded()) return watch.onAlive();
    this.kill();
    this.lose(describeSilence({ job, phase: silence.phase, silentMs: silence.silentMs() }));
  }

  /**
   * Whether this worker stood still during the job: then the engine is killed before it writes
   * anything, and the job is lost.
   */
  private stoodStill(): boolean {
    const seen = this.standstills.seen();
    if (!this.running || seen === this.running.standstills) return false;
    this.kill();
    this.lose(
      'this worker stood still for so long that its job may have been given to another; ' +
        'it is tried again',
    );
    return true;
  }

  private tell(message: ToEngine): void {
    // A send to a process that just died fails by callback; its exit event is what counts.
    this.child.send(message, () => undefined);
  }
}

function startProcess(options: EngineChildOptions, service: StoreService): ChildProcess {
  const { entry, root, threads, environment, onOutput } = options;
  const output = onOutput ? 'pipe' : 'inherit';
  const child = fork(entry, [], {
    serialization: 'advanced',
    env: {
      ...environmentForEngine(process.env, service),
      ...engineEnvironment({ threads }),
      CED_ROOT: root,
      ...environment,
      CED_PDEATHSIG: '1',
    },
    stdio: ['ignore', output, output, 'ipc', 'pipe'],
  });
  // A write to a process that just died fails; its exit event is what counts.
  child.stdio[GROUPS_DESCRIPTOR]?.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr])
    if (stream && onOutput) createInterface(stream).on('line', onOutput);
  return child;
}
