/**
 * The processes that a run on one machine needs: the Temporal server with its state in
 * `runs/temporal.db`, and two workers. Workers stop first, while the server still records their
 * last progress.
 */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isFree } from '../../infra/blocked-ports';
import { freePort } from '../../infra/free-port';
import { databaseFile, DEFAULT_UI_PORT, startServer, type Server } from '../../infra/server';
import { shortPath } from '../short-path';
import { WorkerProcess } from './worker-process';

export interface SessionOptions {
  address: string;
  /** any = the usual one, or a free one where that is taken; null = no web interface. */
  uiPort: number | 'any' | null;
  /** Where relative paths of run files start; server state and logs lie in its `runs/`. */
  root: string;
  /** false where workers run elsewhere. */
  workers: boolean;
  /** GPU workers that share the cores. @default 1 */
  gpuWorkers?: number;
  onNote: (line: string) => void;
}

export class Session {
  private constructor(
    private readonly server: Server,
    private readonly workers: readonly WorkerProcess[],
    private readonly serverLog: string,
    /** null = there is none, or another process's, wherever that is. */
    private readonly uiPort: number | null,
  ) {}

  /** @throws one line when the port is taken or the server does not start */
  static async open({
    address,
    uiPort: wanted,
    root,
    workers,
    gpuWorkers = 1,
    onNote,
  }: SessionOptions): Promise<Session> {
    const logs = join(root, 'runs', 'logs');
    mkdirSync(join(root, 'runs'), { recursive: true });
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    const serverLog = join(logs, 'server.log');
    const uiPort = wanted === 'any' ? await freeUiPort() : wanted;
    const server = await startServer({
      address,
      dbFile: databaseFile(root, Number(address.split(':').at(-1))),
      uiPort,
      log: serverLog,
    });
    onNote(
      `Temporal server at ${address}${server.reused ? ' (already running)' : ''}, ` +
        `logs in ${shortPath(logs)}`,
    );
    const start = (
      name: string,
      options: { queue: 'cpu' | 'gpu'; threads?: number },
    ): WorkerProcess =>
      new WorkerProcess({
        ...options,
        address,
        root,
        log: join(logs, `worker-${name}.log`),
        onRestart: onNote,
      });
    const ui = server.reused ? null : uiPort;
    if (!workers) return new Session(server, [], serverLog, ui);
    const threads = Math.max(1, Math.floor(availableParallelism() / gpuWorkers));
    const gpu =
      gpuWorkers === 1
        ? [start('gpu', { queue: 'gpu' })]
        : Array.from({ length: gpuWorkers }, (_, index) =>
            start(`gpu-${index + 1}`, { queue: 'gpu', threads }),
          );
    return new Session(server, [start('cpu', { queue: 'cpu' }), ...gpu], serverLog, ui);
  }

  /** Where the web interface shows a run, or null where this session has none. */
  linkTo(workflowId: string): string | null {
    if (this.uiPort === null) return null;
    const id = encodeURIComponent(workflowId);
    return `http://127.0.0.1:${this.uiPort}/namespaces/default/workflows/${id}`;
  }

  /** Rejects with one line when the server or a worker is lost for good; never resolves. */
  get failed(): Promise<never> {
    const serverLost = this.server.ended.then((how) => {
      throw new Error(`the Temporal server ended (${how}, log: ${shortPath(this.serverLog)})`);
    });
    return Promise.race([serverLost, ...this.workers.map((worker) => worker.failed)]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.server.stop();
  }

  /** Without a last checkpoint: steps since the previous one are repeated. */
  kill(): void {
    for (const worker of this.workers) worker.kill();
  }
}

async function freeUiPort(): Promise<number> {
  return (await isFree('127.0.0.1', DEFAULT_UI_PORT)) ? DEFAULT_UI_PORT : await freePort();
}
