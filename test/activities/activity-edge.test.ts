import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity';
import type { MetricMeter } from '@temporalio/common';
import { asActivity, type Attempt } from '../../activities/activity-edge';
import type { ActivityDependencies } from '../../activities/dependencies';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { readTables } from '../../activities/plan/read-table';
import { localDependencies } from '../../activities/local-dependencies';
import { openStore } from '../../storage/open-store';
import { openSource } from '../../storage/sources/open-source';
import { readSource } from '../../storage/sources/source';
import { isAlive } from '../support/cluster';

const progress = { unit: 'clips', total: 9, perSecond: 1, etaSeconds: null };

/** An attempt as a worker makes it, on real stores and sources. */
describe('an activity', () => {
  let folder: string;
  let stopping: AbortController;
  let beats: unknown[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-edge-'));
    [stopping, beats] = [new AbortController(), []];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const cancel = () => stopping.abort(new CancelledFailure('WORKER_SHUTDOWN'));

  async function attempt<T extends object | null>(
    work: (attempt: Attempt, deps: ActivityDependencies) => Promise<T>,
  ): Promise<T> {
    const info = {
      ...{ activityType: 'ingestShard', activityId: '5', attempt: 1, taskQueue: 'ced-cpu' },
      ...{ currentAttemptScheduledTimestampMs: 0, heartbeatTimeoutMs: 30_000 },
    };
    const silent = { info() {}, warn() {}, error() {}, debug() {}, trace() {}, log() {} };
    const context = new Context(
      info as unknown as Context['info'],
      new Promise<never>(() => undefined),
      stopping.signal,
      (details) => void beats.push(details),
      undefined,
      silent,
      {} as unknown as MetricMeter,
      {},
    );
    const deps: ActivityDependencies = {
      ...localDependencies(folder),
      openStore: (uri, retry = {}) => openStore(folder, uri, { retry }),
      sources: { allowPrivateHosts: true },
    };
    return await asyncLocalStorage.run(context, () => asActivity(deps, { store: 'store' }, work));
  }

  it('that hangs gives no sign of life, however long', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const hung = attempt(({ onProgress }) => {
        onProgress({ ...progress, done: 1 });
        return new Promise<null>(() => undefined);
      });
      await jest.advanceTimersByTimeAsync(600_000);
      // Only the length tells: `toEqual` takes a list of undefined details for an empty one.
      expect(beats).toHaveLength(1);
      expect(await Promise.race([hung, Promise.resolve('hung')])).toBe('hung');
    } finally {
      jest.useRealTimers();
    }
  });

  it('gives one for an operation of its store, and for a part of a source', async () => {
    writeFileSync(join(folder, 'table'), 'rows');
    await attempt(async (_, deps) => {
      await deps.openStore('store').create('key', Buffer.from('content'));
      return null;
    });
    expect(beats.length).toBeGreaterThan(0);
    beats.length = 0;
    await attempt(async (_, deps) => {
      await readSource(openSource(join(folder, 'table'), deps.sources), 1e6);
      return null;
    });
    expect(beats.length).toBeGreaterThan(0);
  });

  it('begins no store operation and reads no part of a source once cancelled', async () => {
    writeFileSync(join(folder, 'table'), 'rows');
    const steps: ((deps: ActivityDependencies) => Promise<unknown>)[] = [
      (deps) => deps.openStore('store').create('key', Buffer.from('content')),
      (deps) => deps.openStore('store').read('key'),
      (deps) => readSource(openSource(join(folder, 'table'), deps.sources), 1e6),
    ];
    for (const step of steps) {
      stopping = new AbortController();
      const cancelled = attempt(async (_, deps) => {
        cancel();
        await step(deps);
        return null;
      });
      await expect(cancelled).rejects.toBeInstanceOf(CancelledFailure);
    }
    expect(existsSync(join(folder, 'store'))).toBe(false);
  });

  it('that waits for a server which never answers ends when it is cancelled', async () => {
    let server: Server | undefined;
    try {
      const asked = new Promise<void>((resolve) => (server = createServer(() => resolve())));
      await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
      const { port } = server!.address() as AddressInfo;
      const waiting = attempt(async (_, deps) => {
        await readSource(openSource(`http://127.0.0.1:${port}/clip.wav`, deps.sources), 1e6);
        return null;
      });
      await asked;
      cancel();
      await expect(waiting).rejects.toBeInstanceOf(CancelledFailure);
    } finally {
      server?.closeAllConnections();
      server?.close();
    }
  });

  it('gives one for every 10,000 rows of a table that it parses', async () => {
    const lines = Array.from({ length: 25_000 }, (_, at) => `{"clip":"${at}","audio":"${at}"}`);
    writeFileSync(join(folder, 'table.jsonl'), lines.join('\n'));
    let signs = 0;
    const sources = { retry: { onBytes: () => void signs++ } };
    await readSource(openSource(join(folder, 'table.jsonl'), sources), 1e9);
    const whileReading = signs;
    signs = 0;
    await readTables(folder, 'corpus.train', 'table.jsonl', sources);
    expect(signs - whileReading).toBe(2);
  });

  it('kills the ffmpeg that it waits for when it is cancelled, and rejects no clip', async () => {
    const [program, pidFile] = [join(folder, 'ffmpeg'), join(folder, 'pid')];
    writeFileSync(
      program,
      `#!/bin/sh\necho $$ > ${pidFile}.part\nmv ${pidFile}.part ${pidFile}\nexec sleep 1000\n`,
    );
    chmodSync(program, 0o755);
    const decoding = attempt(async (_, deps) => {
      await decodeClip(() => [Buffer.from('no format of ours, 64 bytes long'.repeat(2))], 'clip', {
        program,
        ...(deps.sources?.retry ? { retry: deps.sources.retry } : {}),
      });
      return null;
    });
    while (!existsSync(pidFile)) await new Promise((resolve) => setImmediate(resolve));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    cancel();
    await expect(decoding).rejects.toBeInstanceOf(CancelledFailure);
    expect(isAlive(pid)).toBe(false);
  });

  it('hands its last details on when it is cancelled', async () => {
    // The clock stands still: all but the first report come too soon to be sent at once.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const cancelled = attempt(({ onProgress, signal }) => {
        for (let done = 1; done <= 5; done++) onProgress({ ...progress, done });
        cancel();
        return Promise.reject(signal.reason as Error);
      });
      await expect(cancelled).rejects.toBeInstanceOf(CancelledFailure);
      expect(beats).toStrictEqual([1, 5].map((done) => ({ ...progress, done })));
    } finally {
      jest.useRealTimers();
    }
  });
});
