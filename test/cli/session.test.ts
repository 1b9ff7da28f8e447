import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { awaitedWorkers, type Caller } from '../../cli/run/awaited-workers';
import { isAtWork } from '../../cli/run/queue-workers';
import { Session } from '../../cli/run/session';
import { freePort } from '../../infra/free-port';
import { databaseFile } from '../../infra/server';
import { repositoryRoot } from '../../infra/toolchain';
import { scheduleActivities, takeActivity } from '../support/played-worker';
import { until } from '../support/small-run';

describe('the processes of a run on one machine', () => {
  const root = mkdtempSync(join(tmpdir(), 'ced-session-'));
  /** Every poll is later, so that none is taken for one of a worker that has gone. */
  const beforeMs = Date.now();
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
  async function told(id = 'mine', caller: Caller = {}): Promise<string[]> {
    const described = await client.workflow.getHandle(id).describe();
    return await awaitedWorkers(client, id, described, beforeMs, caller);
  }

  /** The first line that `ced watch` prints. */
  async function firstLineOfWatch(id: string): Promise<string> {
    const entry = join(repositoryRoot, 'dist/cli/main.js');
    const args = ['--no-warnings', entry, 'watch', id, '--address', `127.0.0.1:${port}`];
    const watch = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(watch, 'close');
    let said = '';
    for await (const text of watch.stdout as AsyncIterable<Buffer>) {
      said += text.toString();
      if (said.includes('\n')) break;
    }
    watch.kill('SIGKILL');
    await closed;
    return said.split('\n')[0] ?? '';
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
    const sentence =
      'no worker polls the queue ced of namespace default; start one with npm run worker -- ' +
      '--queue all';
    expect(await told()).toEqual([sentence]);
    expect(await firstLineOfWatch('mine')).toBe(sentence);
  });

  it('are not asked for workers that they start themselves', async () => {
    expect(await told('mine', { hasOwnWorkers: true })).toEqual([]);
  });

  it('name every queue without a worker: where an activity waits, and where one will', async () => {
    await scheduleActivities(client, 'ced', [
      { activityId: '1', type: 'importModels', queue: 'ced-cpu' },
      { activityId: 'beats: description, call 1', type: 'describeTeacher', queue: 'beats' },
    ]);
    const none = (queue: string): string =>
      `no worker polls the queue ${queue} of namespace default`;
    const beats =
      `teacher beats, description waits: ${none('beats')}; start one of yours with the task ` +
      'queue beats';
    const gpu =
      `${none('ced-gpu')}, where the run needs one; start one with npm run worker -- ` +
      '--queue gpu';
    expect(await told()).toEqual([
      `importModels waits: ${none('ced-cpu')}; start one with npm run worker -- --queue cpu`,
      ...[gpu, beats],
    ]);
    await takeActivity(client, 'ced-cpu');
    expect(await told()).toEqual([gpu, beats]);
    expect(await told('mine', { hasOwnWorkers: true })).toEqual([beats]);
    await takeActivity(client, 'beats');
    expect(await told()).toEqual([gpu]);
  });

  it('do not call a queue without workers whose worker is busy with another run', async () => {
    await client.workflow.start('distill', {
      ...{ taskQueue: 'other', workflowId: 'other', args: [{}] },
      typedSearchAttributes: [
        { key: defineSearchAttributeKey('CedRun', 'KEYWORD'), value: 'other' },
      ],
    });
    await scheduleActivities(client, 'other', [
      { activityId: '1', type: 'trainModel', queue: 'ced-gpu' },
    ]);
    expect(await isAtWork(client, 'ced-gpu')).toBe(false);
    await takeActivity(client, 'ced-gpu');
    await until(() => isAtWork(client, 'ced-gpu'));
  });

  it('without a search attribute are named with the command that registers it', async () => {
    await connection.operatorService.removeSearchAttributes({
      namespace: 'default',
      searchAttributes: ['CedMap'],
    });
    const sentence =
      /lacks the search attributes CedMap, .*search-attribute create --name CedMap --type Double/;
    expect(await told()).toEqual([expect.stringMatching(sentence)]);
    expect(await told('mine', { hasOwnWorkers: true })).toEqual(await told());
  });
});
