/**
 * A web page from elsewhere, in a real Chromium, against every port that the development server
 * listens on: under its own name, and under a name that it resolves to this machine (DNS
 * rebinding), which makes the server's answers those of its own origin.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { chromium, type Browser } from 'playwright-core';
import { BLOCKED_PORTS } from '../../infra/blocked-ports';
import { freePort } from '../../infra/free-port';
import { startServer, type Server } from '../../infra/server';
import { browser as findBrowser } from '../../infra/toolchain';
import { attackFromInside, attackFromOutside } from './page-attacks';

const found = findBrowser();
if ('missing' in found)
  console.warn(`left out: test/infra/foreign-pages.test.ts, because ${found.missing}`);

/** Paths of the interface, of the HTTP API and of the metrics that tell something. */
const PATHS = [
  '/',
  '/namespaces/default/workflows',
  '/api/v1/settings',
  '/api/v1/namespaces',
  '/api/v1/namespaces/default/workflows',
  '/metrics',
];
const START = '/api/v1/namespaces/default/workflows/attack';
const BODY = JSON.stringify({ workflowType: { name: 'distill' }, taskQueue: { name: 'ced' } });

('path' in found ? describe : describe.skip)('a web page of another origin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-foreign-'));
  let server: Server;
  let uiPort: number;
  let listeners: { host: string; port: number }[];
  let foreign: HttpServer;
  let browser: Browser;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    uiPort = await freePort();
    server = await startServer({
      address: `127.0.0.1:${await freePort()}`,
      dbFile: join(folder, 'temporal.db'),
      uiPort,
      log: join(folder, 'server.log'),
    });
    listeners = listenersOf(server.pid ?? 0);
    if (!listeners.some(({ port }) => port === uiPort))
      listeners.push({ host: '127.0.0.1', port: uiPort });
    foreign = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>foreign</p>'),
    );
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const names = [...new Set(listeners.map(({ host }) => host))];
    const rules = names.map((host) => `MAP ${nameThatResolvesTo(host)} ${host}`).join(',');
    browser = await chromium.launch({
      executablePath: 'path' in found ? found.path : '',
      args: [
        `--host-resolver-rules=${rules},MAP foreign.test 127.0.0.1`,
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    });
    connection = await Connection.connect({ address: server.address });
    client = new Client({ connection });
  });
  afterAll(async () => {
    await browser?.close();
    await connection?.close();
    foreign?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const workflowIds = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of client.workflow.list()) ids.push(workflowId);
    return ids;
  };

  it.each(['127.0.0.1', 'localhost', 'foreign.test'])(
    'starts no workflow and reads nothing from %s',
    async (name) => {
      const page = await browser.newPage();
      await page.goto(`http://${name}:${(foreign.address() as AddressInfo).port}/`);
      const read = await page.evaluate(attackFromOutside, {
        bases: listeners.map(({ host, port }) => `http://${host}:${port}`),
        paths: PATHS,
        start: START,
        body: BODY,
      });
      expect(read).toEqual([]);
      expect(await workflowIds()).toEqual([]);
      await page.close();
    },
  );

  it('starts no workflow and reads nothing by a name that resolves to this machine', async () => {
    const read: string[] = [];
    for (const { host, port } of listeners) {
      const page = await browser.newPage();
      const opened = await page
        .goto(`http://${nameThatResolvesTo(host)}:${port}/`)
        .catch(() => null);
      if (opened)
        read.push(
          ...(await page.evaluate(attackFromInside, { paths: PATHS, start: START, body: BODY })),
        );
      await page.close();
    }
    expect(read).toEqual([]);
    expect(await workflowIds()).toEqual([]);
  });

  it('opens none of the ports that are kept from browsers', async () => {
    const page = await browser.newPage();
    for (const port of BLOCKED_PORTS)
      await expect(page.goto(`http://127.0.0.1:${port}/`)).rejects.toThrow('ERR_UNSAFE_PORT');
    await page.close();
  });

  it('leaves the interface to its user, to see a run and to start one', async () => {
    await client.workflow.start('distill', {
      taskQueue: 'nobody',
      workflowId: 'seen-in-the-interface',
    });
    for (const name of ['127.0.0.1', 'localhost']) {
      const page = await browser.newPage();
      await page.goto(`http://${name}:${uiPort}/namespaces/default/workflows`);
      await page.getByText('seen-in-the-interface').first().waitFor();
      const started = await page.evaluate(attackFromInside, {
        paths: [],
        start: `/api/v1/namespaces/default/workflows/by-hand-${name}`,
        body: BODY,
      });
      expect(started).toHaveLength(1);
      await page.close();
    }
    expect((await workflowIds()).sort()).toEqual([
      'by-hand-127.0.0.1',
      'by-hand-localhost',
      'seen-in-the-interface',
    ]);
  });
});

const nameThatResolvesTo = (host: string): string => `at-${host.replaceAll('.', '-')}.test`;

/** What a process listens on over IPv4. */
function listenersOf(pid: number): { host: string; port: number }[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // closed meanwhile
      }
    }),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state !== '0A' || !sockets.has(inode)) return [];
      const [address = '', port = ''] = local.split(':');
      const host = [...Buffer.from(address, 'hex')].reverse().join('.');
      return [{ host, port: parseInt(port, 16) }];
    });
}
