import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server as Listener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePort } from '../../infra/free-port';
import { startServer } from '../../infra/server';
import { repositoryRoot } from '../../infra/toolchain';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract/names';

const folder = mkdtempSync(join(tmpdir(), 'ced-server-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const serverAt = (port: number, name: string) =>
  startServer({
    address: `127.0.0.1:${port}`,
    dbFile: join(folder, name, 'temporal.db'),
    uiPort: null,
    log: join(folder, `${name}.log`),
  });

describe('the Temporal development server', () => {
  it('knows the search attributes from its start, also after a restart', async () => {
    const port = await freePort();
    for (const _start of [1, 2]) {
      const server = await serverAt(port, 'restarted');
      const connection = await Connection.connect({ address: server.address });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: 'default',
      });
      expect(Object.keys(customAttributes)).toEqual(
        expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)),
      );
      await connection.close();
      await server.stop();
    }
  });

  it('keeps its histories and its log from other users, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const server = await serverAt(await freePort(), 'kept');
      await server.stop();
    } finally {
      process.umask(umask);
    }
    const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777;
    expect(modeOf('kept')).toBe(0o700);
    expect(modeOf('kept/temporal.db')).toBe(0o600);
    expect(modeOf('kept.log')).toBe(0o600);
  });

  it('is reused when one already answers, and left running by a mere user of it', async () => {
    const port = await freePort();
    const first = await serverAt(port, 'reused');
    const second = await serverAt(port, 'other');
    expect([first.reused, second.reused]).toEqual([false, true]);
    await second.stop();
    expect(await listens(port)).toBe(true);
    await first.stop();
    expect(await listens(port)).toBe(false);
  });

  it('refuses a port that something else has taken, naming the port and the remedy', async () => {
    const other = await occupy();
    const port = (other.address() as AddressInfo).port;
    await expect(serverAt(port, 'taken')).rejects.toThrow(
      `port ${port} on 127.0.0.1 is taken by something that is not a Temporal server: stop ` +
        'it, or choose another port (npm run server -- --port N)',
    );
    other.close();
  });

  it('refuses an address without a port', async () => {
    const options = {
      address: 'localhost',
      dbFile: join(folder, 'x.db'),
      uiPort: null,
      log: join(folder, 'x.log'),
    };
    await expect(startServer(options)).rejects.toThrow(
      'address localhost: expected host:port, for example 127.0.0.1:7233',
    );
  });

  it('is gone within two seconds of a SIGKILL to the process that started it', async () => {
    const port = await freePort();
    const args = ['--port', String(port), '--no-ui', '--db', join(folder, 'orphan.db')];
    const parent = spawn(
      process.execPath,
      [join(repositoryRoot, 'dist/infra/server-command.js'), ...args],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await new Promise<void>((resolve) => {
      parent.stdout.on('data', (text: Buffer) => text.includes('Ctrl-C stops it') && resolve());
    });
    expect(await listens(port)).toBe(true);
    parent.kill('SIGKILL');
    while (await listens(port)) await sleep(50);
  });
});

function occupy(): Promise<Listener> {
  return new Promise((resolve) => {
    const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1', () =>
      resolve(listener),
    );
  });
}

async function listens(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}`).then(
    () => true,
    (error: { cause?: { code?: string } }) => error.cause?.code !== 'ECONNREFUSED',
  );
}
