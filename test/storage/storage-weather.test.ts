import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BucketStore } from '../../storage/buckets/bucket-store';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { ObjectCache } from '../../storage/object-cache';
import { openS3 } from '../../storage/s3/s3-client';
import { S3Store } from '../../storage/s3/s3-store';
import type { LocalServer } from '../../tools/local-server';
import { startS3 } from '../../tools/s3-server';
import { startStorage } from '../../tools/storage-emulator';
import { StorageProxy } from '../chaos/storage-proxy';

/**
 * A real storage server behind a proxy that does to transfers what networks and busy servers do.
 */
describe.each(['Cloud Storage', 'S3'])('a store in a bucket of %s whose server', (service) => {
  let folder: string;
  let server: LocalServer;
  let proxy: StorageProxy;
  let store: BucketStore;
  const waited: string[] = [];
  const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) >> 3));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-weather-'));
    const place = {
      bucket: 'tests',
      prefix: '',
      cache: new ObjectCache({ folder: join(folder, 'copies'), maxBytes: 1e9 }),
      retry: {
        firstPauseMs: 20,
        silenceMs: 300,
        onWait: (reason: string) => void waited.push(reason),
      },
    };
    if (service === 'S3') {
      const s3 = await startS3({ port: 0, folder: join(folder, 'objects'), log: null });
      await s3.createBucket('tests');
      [server, proxy] = [s3, await StorageProxy.open(s3.port)];
      store = new S3Store({ ...place, client: openS3(s3.environment(proxy.endpoint)) });
    } else {
      const emulator = await startStorage({ port: 0, folder: null, log: null });
      await emulator.createBucket('tests');
      [server, proxy] = [emulator, await StorageProxy.open(emulator.port)];
      const client = openGcs({ STORAGE_EMULATOR_HOST: proxy.endpoint });
      store = new GcsStore({ ...place, client });
    }
    await store.create('there', large);
  });
  afterEach(() => (proxy.weather = 'fair'));
  afterAll(async () => {
    await proxy.down();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['refuses with 429', '429', /./],
    ['refuses with 503', '503', /./],
    ['takes requests and never answers', 'hang', /no answer for/],
    ['breaks every transfer in the middle', 'cut', /./],
  ] as const)('%s is waited for, and every byte arrives', async (_, weather, reason) => {
    waited.length = 0;
    proxy.weather = weather;
    const written = store.create(`${weather}/object`, large);
    const listed = store.list('there');
    const read = store.read('there');
    const copied = store.localFile('there');
    while (!reason.test(waited.join())) await sleep(10);
    proxy.weather = 'fair';
    await expect(written).resolves.toMatch(/created|present/);
    await expect(listed).resolves.toEqual(['there']);
    expect(Buffer.compare((await read) ?? Buffer.alloc(0), large)).toBe(0);
    expect(Buffer.compare(await readFile(await copied), large)).toBe(0);
    expect(Buffer.compare((await store.read(`${weather}/object`)) ?? Buffer.alloc(0), large)).toBe(
      0,
    );
  });

  it('loses the answer to a write finds its own object at the next try', async () => {
    proxy.weather = 'cut';
    // Of two uploads one is cut before its end and one after it.
    const outcomes = Promise.all([store.create('lost/a', large), store.create('lost/b', large)]);
    const { lostAnswers } = proxy;
    while (proxy.lostAnswers === lostAnswers) await sleep(10);
    proxy.weather = 'fair';
    expect(await outcomes).toContain('present');
  });
});
