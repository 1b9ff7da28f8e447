import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { awaitedWorkers } from '../../cli/run/awaited-workers';
import { Session } from '../../cli/run/session';
import { freePort } from '../../infra/free-port';
import { databaseFile } from '../../infra/server';

describe('the processes of a run on one machine', () => {
  const root = mkdtempSync(join(tmpdir(), 'ced-session-'));
  let port: number;
  let session: Session;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    port = await freePort();
    const address = `127.0.0.1:${port}`;
    const onNote = (): void => undefined;
    session = await Session.open({ address, uiPort: 'any', root, workers: false, onNote });
    connection = await Connection.connect({ address });
    client = new Client({ connection });
  });
  afterAll(async () => {
    await connection.close();
    await session.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** What a run that waits without a worker is told. */
  async function told(): Promise<string | null> {
    const handle = client.workflow.getHandle('mine');
    return await awaitedWorkers(client, 'mine', await handle.describe(), Date.now());
  }

  it('have a web interface, whose address leads to the run', async () => {
    const link = session.linkTo('my run') ?? '';
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/my%20run$/);
    expect((await fetch(link)).status).toBe(200);
  });

  it('keep their state where npm run server keeps it', () => {
    expect(existsSync(databaseFile(root, port))).toBe(true);
    expect(databaseFile('/data', 7233)).toBe('/data/runs/temporal.db');
  });

  it('are not enough for a run: a queue without a worker is named, with the command', async () => {
    const run = { taskQueue: 'ced', workflowId: 'mine', args: [{}] };
    await client.workflow.start('distill', run);
    expect(await told()).toMatch(
      /^no worker polls the queue ced of namespace default; start one with npm run worker/,
    );
  });

  it('without a search attribute are named with the command that registers it', async () => {
    await connection.operatorService.removeSearchAttributes({
      namespace: 'default',
      searchAttributes: ['CedMap'],
    });
    expect(await told()).toMatch(
      /lacks the search attributes CedMap, .*search-attribute create --name CedMap --type Double/,
    );
  });
});
