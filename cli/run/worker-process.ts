/**
 * Keeps one worker process running: restarts a worker that dies after it was ready; its work
 * resumes from the store. A worker that cannot start is an error. The worker never outlives this
 * process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dyingWithParent, repositoryRoot } from '../../infra/toolchain';
import { withoutTemporal } from '../../workers/temporal-settings';
import { shortPath } from '../short-path';

const RESTART_AFTER_MS = 1000;

export interface WorkerProcessOptions {
  queue: 'cpu' | 'gpu';
  /** TensorFlow threads. @default the worker's */
  threads?: number;
  address: string;
  /** Where relative paths of run files start. */
  root: string;
  /** File that receives its output, appended. */
  log: string;
  /** Called with one line when the worker is restarted. */
  onRestart: (line: string) => void;
}

export class WorkerProcess {
  /** Rejects when the worker cannot start; never resolves. */
  readonly failed: Promise<never>;
  private reject!: (error: Error) => void;
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly options: WorkerProcessOptions) {
    this.failed = new Promise((_, reject) => (this.reject = reject));
    this.failed.catch(() => undefined); // no unhandled rejection when no caller waits
    this.start();
  }

  /**
   * SIGTERM: the step in progress is finished and its checkpoint written. Resolves when the process
   * has ended.
   */
  async stop(): Promise<void> {
    this.stopping = true;
    this.child?.kill('SIGTERM');
    await this.exited;
  }

  kill(): void {
    this.stopping = true;
    this.child?.kill('SIGKILL');
  }

  private start(): void {
    const { queue, threads, address, root, log } = this.options;
    const output = openSync(log, 'a', 0o600);
    const before = statSync(log).size;
    const args = [
      join(repositoryRoot, 'dist', 'workers', 'main.js'),
      '--log',
      'text',
      '--queue',
      queue,
      '--address',
      address,
      '--root',
      root,
      '--current',
      ...(threads === undefined ? [] : ['--threads', String(threads)]),
    ];
    // A process group of its own: Ctrl-C in a terminal must not reach it before this process has
    // asked it to stop.
    const child = spawn(...dyingWithParent('SIGTERM', process.execPath, args), {
      cwd: root,
      detached: true,
      stdio: ['ignore', output, output],
      env: withoutTemporal(process.env),
    });
    closeSync(output);
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => (this.reject(error), resolve()));
      child.once(
        'exit',
        (code, signal) => (
          this.ended(signal ?? `exit code ${code}`, readFileSync(log).subarray(before).toString()),
          resolve()
        ),
      );
    });
  }

  private ended(how: string, output: string): void {
    this.child = null;
    if (this.stopping) return;
    const { queue, log, onRestart } = this.options;
    const logName = shortPath(log);
    if (!output.includes('worker ready')) {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      return this.reject(
        new Error(
          `the ${queue} worker did not start (${how})${last === '' ? '' : `: ${last}`} ` +
            `(log: ${logName})`,
        ),
      );
    }
    onRestart(`the ${queue} worker ended (${how}, log: ${logName}); restarting it`);
    setTimeout(() => this.stopping || this.start(), RESTART_AFTER_MS);
  }
}
