/**
 * A real Temporal server and real worker processes on free loopback ports, in a folder of their
 * own. What a test starts, it also ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../../infra/free-port';
import { repositoryRoot } from '../../infra/toolchain';
import { startServer, type Server, type ServerOptions } from '../../infra/server';
import type { Host } from './hosts';

export interface WorkerPlace {
  /** @default the cluster's own folder */
  root?: string;
  /** On top of this process's. */
  environment?: Record<string, string>;
  /** @default 1 */
  threads?: number;
  /** Compiled entry. @default this clone's own */
  entry?: string;
  /** Another host of this machine; @default this one */
  host?: Host;
  /** Where the server is reached from there; @default its own address */
  address?: string;
  /** More options of `npm run worker`. */
  options?: readonly string[];
}

export class Cluster {
  /** What workers said when they were ready. */
  readonly ready: string[] = [];
  private readonly workers: ChildProcess[] = [];
  private isStopped = false;

  private constructor(
    readonly folder: string,
    readonly address: string,
    readonly client: Client,
    private readonly connection: Connection,
    private server: Server,
  ) {}

  static async start({
    dynamicConfig = [],
  }: Pick<ServerOptions, 'dynamicConfig'> = {}): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'ced-cluster-'));
    const address = `127.0.0.1:${await freePort()}`;
    const server = await serverIn(folder, address, dynamicConfig);
    const connection = await Connection.connect({ address });
    return new Cluster(folder, address, new Client({ connection }), connection, server);
  }

  /** Starts a worker process and waits until it polls. */
  async worker(queue: 'cpu' | 'gpu' | 'all', place: WorkerPlace = {}): Promise<ChildProcess> {
    const {
      root = this.folder,
      environment = {},
      threads = 1,
      options = [],
      entry = join(repositoryRoot, 'dist/workers/main.js'),
    } = place;
    if (this.isStopped) throw new Error('the cluster was stopped');
    const log = openSync(join(this.folder, `worker-${queue}.log`), 'a');
    const [program = process.execPath, ...before] = [
      ...(place.host?.enter ?? []),
      process.execPath,
    ];
    const args = [
      '--queue',
      queue,
      '--address',
      place.address ?? this.address,
      '--root',
      root,
      '--threads',
      String(threads),
      ...options,
    ];
    const child = spawn(program, [...before, entry, ...args], {
      stdio: ['ignore', 'pipe', log],
      detached: true,
      // Not in the user's own cache: under a home of their own workers keep what they keep there.
      env: {
        ...process.env,
        ...('HOME' in environment ? {} : { CED_OBJECT_CACHE: join(this.folder, 'copies') }),
        ...environment,
      },
    });
    this.workers.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (text: Buffer) => {
        if (!text.toString().includes('worker ready')) return;
        this.ready.push(text.toString());
        resolve();
      });
      child.once('exit', (code) =>
        reject(
          new Error(
            `the ${queue} worker ended with ${code}, see ${this.folder}/worker-${queue}.log`,
          ),
        ),
      );
    });
    return child;
  }

  /** SIGKILL to the Temporal server. */
  async killServer(): Promise<void> {
    const pid = childrenOf(process.pid).find((child) =>
      readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(join(this.folder, 'temporal.db')),
    );
    if (pid === undefined) throw new Error('the server is no child of this process');
    process.kill(pid, 'SIGKILL');
    await this.server.ended;
  }

  /** Another server on the database of the one that was killed. */
  async reviveServer(): Promise<void> {
    this.server = await serverIn(this.folder, this.address);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.workers.map(kill));
    await this.connection.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function serverIn(
  folder: string,
  address: string,
  dynamicConfig: readonly string[] = [],
): Promise<Server> {
  return startServer({
    address,
    dynamicConfig,
    dbFile: join(folder, 'temporal.db'),
    uiPort: null,
    log: join(folder, 'server.log'),
  });
}

/** Process ids. */
export function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim(),
  );
  return lists.flatMap((list) => (list === '' ? [] : list.split(' ').map(Number)));
}

/** false for one that is dead but not yet waited for. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** SIGKILL to a process, resolved when it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
