/**
 * A process that runs once for each line it is sent, and its peak memory. Its standard error is
 * shown only when it fails.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { memoryBytes } from './process-memory';

export interface Sample {
  readonly ms: number;
  readonly cpuMs: number;
}

export class MeasuredProcess {
  private readonly lines: AsyncIterator<string, undefined>;
  private complaints = '';

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on(
      'data',
      (text) => (this.complaints = (this.complaints + String(text)).slice(-4000)),
    );
    child.stdin.on('error', () => undefined); // the missing answer reports it
  }

  /** @returns when it has warmed up */
  static async start(
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<MeasuredProcess> {
    const measured = new MeasuredProcess(
      spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    );
    await measured.line();
    return measured;
  }

  /**
   * @param what to run, where the program has several things
   * @returns what the process answers, with whatever its program adds to a sample
   */
  async run<Answer extends Sample = Sample>(what = ''): Promise<Answer> {
    this.child.stdin.write(`${what}\n`);
    return JSON.parse(await this.line()) as Answer;
  }

  /** The peak of resident memory so far. */
  peakBytes(): number {
    return memoryBytes(this.child.pid, 'VmHWM');
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true)
      throw new Error(
        `a measured process ended early:\n` +
          this.complaints.trim().split('\n').slice(-8).join('\n'),
      );
    return next.value;
  }
}
