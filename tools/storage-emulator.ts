/**
 * A local Google Cloud Storage (fake-gcs-server): one process on a loopback address, its objects in
 * a folder that survives restarts, or in memory. It honours create-only writes, ranges, resumable
 * uploads and CRC32C; it ignores delete preconditions and `userProject`.
 *
 * Guarantees: when `startStorage` resolves, the emulator answers; it never outlives the process
 * that started it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dyingWithParent, storageEmulatorBinary } from '../infra/toolchain';

const startLimitMs = 30_000;

export interface StorageOptions {
  /** Address to listen at; @default loopback */
  host?: string;
  /** 0 = any free one. */
  port: number;
  /** Folder of the objects, created when absent; null keeps them in memory. */
  folder: string | null;
  /** File that receives the emulator's log; null for none. */
  log: string | null;
}

export interface StorageEmulator {
  /** What `STORAGE_EMULATOR_HOST` is set to: `http://127.0.0.1:4443`. */
  endpoint: string;
  port: number;
  /** Does nothing if the bucket exists. */
  createBucket(name: string): Promise<void>;
  /** Ends it with SIGKILL; acknowledged objects are there after the next start. */
  stop(): Promise<void>;
  /** Resolves with the reason when the process has ended. */
  ended: Promise<string>;
}

/** Errors are one line that names the port and the remedy. */
export async function startStorage(options: StorageOptions): Promise<StorageEmulator> {
  const { host = '127.0.0.1' } = options;
  const port = await claimPort(host, options.port);
  const endpoint = `http://${host}:${port}`;
  const backend =
    options.folder === null
      ? ['-backend', 'memory']
      : ['-backend', 'filesystem', '-filesystem-root', options.folder];
  if (options.folder !== null) mkdirSync(options.folder, { recursive: true });
  const args = [
    '-scheme',
    'http',
    '-host',
    host,
    '-port',
    String(port),
    '-public-host',
    `${host}:${port}`,
    '-external-url',
    endpoint,
  ];
  const log = options.log === null ? null : openSync(options.log, 'a');
  const child = spawn(
    ...dyingWithParent('SIGKILL', storageEmulatorBinary(), [...args, ...backend]),
    {
      detached: true,
      stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
    },
  );
  if (log !== null) closeSync(log);
  let over = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).finally(() => (over = true));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const deadline = Date.now() + startLimitMs;
  while (!(await answers(endpoint))) {
    if (over || Date.now() > deadline) {
      await stop();
      throw new Error(
        `the storage emulator did not start (${await ended})` +
          (options.log === null ? '' : `, see ${options.log}`),
      );
    }
    await sleep(50);
  }
  return { endpoint, port, createBucket: (name) => createBucket(endpoint, name), stop, ended };
}

async function createBucket(endpoint: string, name: string): Promise<void> {
  const response = await fetch(`${endpoint}/storage/v1/b?project=emulator`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  if (!response.ok && response.status !== 409)
    throw new Error(`bucket ${name} was not created: ${response.status} ${await response.text()}`);
}

async function answers(endpoint: string): Promise<boolean> {
  return await fetch(`${endpoint}/storage/v1/b?project=emulator`, {
    signal: AbortSignal.timeout(2000),
  }).then(
    (response) => response.ok,
    () => false,
  );
}

function claimPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () =>
      reject(
        new Error(
          `port ${port} on ${host} is taken: stop what listens there, or choose another (npm ` +
            'run storage -- --port N)',
        ),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
