/**
 * A local Google Cloud Storage (fake-gcs-server), its objects in a folder that survives restarts,
 * or in memory. It honours create-only writes, ranges, resumable uploads and CRC32C; it ignores
 * delete preconditions and `userProject`.
 */
import { mkdirSync } from 'node:fs';
import { storageEmulatorBinary } from '../infra/toolchain';
import { startLocalServer, type LocalServer } from './local-server';

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

/** Its `endpoint` is what `STORAGE_EMULATOR_HOST` is set to. */
export interface StorageEmulator extends LocalServer {
  /** Does nothing if the bucket exists. */
  createBucket(name: string): Promise<void>;
}

/** Errors are one line that names the port and the remedy. */
export async function startStorage(options: StorageOptions): Promise<StorageEmulator> {
  const { host = '127.0.0.1', folder, log } = options;
  if (folder !== null) mkdirSync(folder, { recursive: true });
  const server = await startLocalServer({
    name: 'the storage emulator',
    binary: storageEmulatorBinary(),
    args: (port) => argumentsFor(host, port, folder),
    host,
    port: options.port,
    remedy: 'choose another (npm run storage -- --port N)',
    log,
    path: '/storage/v1/b?project=emulator',
  });
  return { ...server, createBucket: (name) => createBucket(server.endpoint, name) };
}

function argumentsFor(host: string, port: number, folder: string | null): string[] {
  const address = ['-scheme', 'http', '-host', host, '-port', String(port)];
  const seen = ['-public-host', `${host}:${port}`, '-external-url', `http://${host}:${port}`];
  const backend =
    folder === null
      ? ['-backend', 'memory']
      : ['-backend', 'filesystem', '-filesystem-root', folder];
  return [...address, ...seen, ...backend];
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
