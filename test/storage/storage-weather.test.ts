import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { ObjectCache } from '../../storage/object-cache';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import { StorageProxy } from '../chaos/storage-proxy';

/**
 * A real storage server behind a proxy that does to transfers what networks and busy servers do.
 */
describe('a store in a bucket whose server', () => {
  let folder: string;
  let emulator: StorageEmulator;
  let proxy: StorageProxy;
  let store: GcsStore;
  const waited: string[] = [];
  const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) >> 3));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-weather-'));
    emulator = await startStorage({ port: 0, folder: null, log: null });
    await emulator.createBucket('tests');
    proxy = await StorageProxy.open(emulator.port);
    store = new GcsStore({
      client: openGcs({ STORAGE_EMULATOR_HOST: proxy.endpoint }),
      bucket: 'tests',
      prefix: '',
      cache: new ObjectCache({ folder: join(folder, 'copies'), maxBytes: 1e9 }),
      retry: { firstPauseMs: 20, silenceMs: 300, onWait: (reason) => waited.push(reason) },
    });
    await store.create('there', large);
  });
  afterEach(() => (proxy.weather = 'fair'));
  afterAll(async () => {
    await proxy.down();
    await emulator.stop();
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
    await sleep(700);
    proxy.weather = 'fair';
    await expect(written).resolves.toMatch(/created|present/);
    await expect(listed).resolves.toEqual(['there']);
    expect(Buffer.compare((await read) ?? Buffer.alloc(0), large)).toBe(0);
    expect(Buffer.compare(await readFile(await copied), large)).toBe(0);
    expect(Buffer.compare((await store.read(`${weather}/object`)) ?? Buffer.alloc(0), large)).toBe(
      0,
    );
    expect(waited.join()).toMatch(reason);
  });

  it('loses the answer to a write finds its own object at the next try', async () => {
    proxy.weather = 'cut';
    // Of two uploads one is cut before its end and one after it.
    const outcomes = Promise.all([store.create('lost/a', large), store.create('lost/b', large)]);
    await sleep(300);
    proxy.weather = 'fair';
    expect(await outcomes).toContain('present');
  });
});
