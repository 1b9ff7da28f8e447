/**
 * A server on this machine for tests and trials: one process on a port that was free. Guarantees:
 * when `startLocalServer` resolves, the server answers; it never outlives the process that started
 * it.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dyingWithParent } from '../infra/toolchain';

const startLimitMs = 30_000;

export interface LocalServer {
  /** `http://127.0.0.1:4443` */
  endpoint: string;
  port: number;
  /** Ends it with SIGKILL; acknowledged objects are there after the next start. */
  stop(): Promise<void>;
  /** Resolves with the reason when the process has ended. */
  ended: Promise<string>;
}

export interface LocalServerOptions {
  /** For messages: `the storage emulator`. */
  name: string;
  binary: string;
  args: (port: number) => string[];
  environment?: NodeJS.ProcessEnv;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** What to do if the port is taken. */
  remedy: string;
  /** File that receives the server's output; null for none. */
  log: string | null;
  /** Path that the server answers once it has started. */
  path: string;
}

/** Errors are one line that names the port and the remedy. */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { name, binary, host, environment = {} } = options;
  const port = await claimPort(options);
  const endpoint = `http://${host}:${port}`;
  const log = options.log === null ? null : openSync(options.log, 'a');
  const child = spawn(...dyingWithParent('SIGKILL', binary, options.args(port)), {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
  });
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
  while (!(await answers(endpoint + options.path))) {
    if (over || Date.now() > deadline) {
      await stop();
      throw new Error(
        `${name} did not start (${await ended})` +
          (options.log === null ? '' : `, see ${options.log}`),
      );
    }
    await sleep(50);
  }
  return { endpoint, port, stop, ended };
}

async function answers(address: string): Promise<boolean> {
  return await fetch(address, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}

function claimPort({ host, port, remedy }: LocalServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () =>
      reject(new Error(`port ${port} on ${host} is taken: stop what listens there, or ${remedy}`)),
    );
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
