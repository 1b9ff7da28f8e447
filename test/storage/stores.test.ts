import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import type { BucketStoreOptions } from '../../storage/buckets/bucket-store';
import { FolderStore } from '../../storage/folder-store';
import { ObjectCache } from '../../storage/object-cache';
import { openStore } from '../../storage/open-store';
import type { RetryOptions } from '../../storage/retry';
import { openS3 } from '../../storage/s3/s3-client';
import { S3Store } from '../../storage/s3/s3-store';
import { ContentDiffers, ObjectMissing, type Store } from '../../storage/store';
import { startS3, type S3Server } from '../../tools/s3-server';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';

const bytes = (text: string): Buffer => Buffer.from(text);
const textOf = (content: Uint8Array | null): string | null =>
  content && Buffer.from(content).toString();

let emulator: StorageEmulator;
let s3: S3Server;
let folder: string;
let prefixes = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-stores-'));
  emulator = await startStorage({
    port: 0,
    folder: join(folder, 'buckets'),
    log: join(folder, 'emulator.log'),
  });
  await emulator.createBucket('tests');
  s3 = await startS3({ port: 0, folder: join(folder, 's3'), log: join(folder, 's3.log') });
  await s3.createBucket('tests');
});
afterAll(async () => {
  await Promise.all([emulator.stop(), s3.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Settings {
  retry?: RetryOptions;
  bucket?: string;
}

function placeOf({ retry, bucket = 'tests' }: Settings): BucketStoreOptions {
  const cache = new ObjectCache({
    folder: join(folder, `cache-${++prefixes}`),
    maxBytes: 1 << 30,
  });
  const prefix = `run-${prefixes}/store`;
  return { bucket, prefix, cache, retry: { firstPauseMs: 10, ...retry } };
}

function gcsStore(settings: Settings = {}): GcsStore {
  const client = openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint });
  return new GcsStore({ client, ...placeOf(settings) });
}

function s3Store(settings: Settings = {}): S3Store {
  return new S3Store({ client: openS3(s3.environment()), ...placeOf(settings) });
}

describe.each<[string, () => Store]>([
  ['a folder', () => new FolderStore(join(folder, `store-${++prefixes}`))],
  ['a bucket of Cloud Storage', () => gcsStore()],
  ['a bucket of S3', () => s3Store()],
])('a store in %s', (_, open) => {
  let store: Store;
  beforeEach(() => {
    store = open();
  });

  it('creates an object once and finds it again', async () => {
    expect(await store.create('a/b.bin', bytes('x'))).toBe('created');
    expect(await store.create('a/b.bin', bytes('x'))).toBe('present');
    expect(textOf(await store.read('a/b.bin'))).toBe('x');
    expect([await store.exists('a/b.bin'), await store.exists('a/c.bin')]).toEqual([true, false]);
  });

  it('refuses other bytes under the same key and keeps the first', async () => {
    await store.create('k', bytes('first'));
    await expect(store.create('k', bytes('second'))).rejects.toBeInstanceOf(ContentDiffers);
    await expect(store.create('k', bytes('fifth'))).rejects.toBeInstanceOf(ContentDiffers);
    expect(textOf(await store.read('k'))).toBe('first');
  });

  it('takes an object in parts, and tells it from one that begins or ends otherwise', async () => {
    expect(await store.create('parts', [bytes('ab'), bytes(''), bytes('c')])).toBe('created');
    expect(textOf(await store.read('parts'))).toBe('abc');
    expect(await store.create('parts', [bytes('a'), bytes('bc')])).toBe('present');
    for (const other of [[bytes('ab')], [bytes('abc'), bytes('d')], [bytes('ab'), bytes('d')]])
      await expect(store.create('parts', other)).rejects.toBeInstanceOf(ContentDiffers);
  });

  it('streams what it holds, and says what is missing', async () => {
    const large = Buffer.alloc(5 << 20, 'ab');
    await store.create('large', large);
    await store.create('empty', bytes(''));
    const partsOf = async (key: string): Promise<Uint8Array[]> => {
      const parts: Uint8Array[] = [];
      for await (const part of store.stream(key)) parts.push(part);
      return parts;
    };
    expect(Buffer.concat(await partsOf('large')).equals(large)).toBe(true);
    expect((await partsOf('large')).length).toBeGreaterThan(1);
    expect(Buffer.concat(await partsOf('empty'))).toHaveLength(0);
    await expect(partsOf('none')).rejects.toBeInstanceOf(ObjectMissing);
  });

  it('moves an object to another key, and nothing where there is none', async () => {
    await store.create('from/here', bytes('x'));
    await store.move('from/here', 'to/there/x');
    expect(await store.list('')).toEqual(['to/there/x']);
    expect(textOf(await store.read('to/there/x'))).toBe('x');
    await store.move('from/here', 'to/there/x');
    expect(await store.list('')).toEqual(['to/there/x']);
  });

  it('lets exactly one of twenty racing writers create, and leaves no other file', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.create('race', bytes('same'))),
    );
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(await store.list('')).toEqual(['race']);
  });

  it('lists by prefix, sorted, across folders', async () => {
    for (const key of ['m/2/x', 'm/10/x', 'n/1']) await store.create(key, bytes('x'));
    expect(await store.list('m/')).toEqual(['m/10/x', 'm/2/x']);
    expect(await store.list('m/1')).toEqual(['m/10/x']);
    expect(await store.list('nothing/')).toEqual([]);
  });

  it('says how much everything in it takes, and since when', async () => {
    const sinceMs = Date.now() - 2000;
    for (const key of ['a/1', 'b']) await store.create(key, bytes('four'));
    const objects = (await store.inventory()).sort((a, b) => a.key.localeCompare(b.key));
    expect(objects.map(({ key, bytes: size }) => [key, size])).toEqual([
      ['a/1', 4],
      ['b', 4],
    ]);
    for (const { modifiedMs } of objects) expect(modifiedMs).toBeGreaterThan(sinceMs);
  });

  it('refuses keys that leave it', async () => {
    await expect(store.create('../outside', bytes('x'))).rejects.toThrow(/must stay below/);
    await expect(store.read('/etc/passwd')).rejects.toThrow(/must stay below/);
  });

  it('says what is missing and where', async () => {
    expect(await store.read('nothing')).toBeNull();
    await expect(store.localFile('nothing')).rejects.toBeInstanceOf(ObjectMissing);
  });

  it('gives a local file with the same bytes', async () => {
    const content = Buffer.alloc(300_000, 'abc');
    await store.create('audio/x.npy', content);
    expect((await readFile(await store.localFile('audio/x.npy'))).equals(content)).toBe(true);
  });

  it('replaces the latest copies whole', async () => {
    await store.replace('runs/a/result.json', bytes('1'));
    await store.replace('runs/a/result.json', bytes('2'));
    expect(textOf(await store.read('runs/a/result.json'))).toBe('2');
  });

  it('removes an object, and does not mind one that is gone', async () => {
    await store.create('k', bytes('x'));
    await store.remove('k');
    await store.remove('k');
    expect(await store.read('k')).toBeNull();
  });

  it('holds an object of no bytes', async () => {
    expect(await store.create('empty', bytes(''))).toBe('created');
    expect(textOf(await store.read('empty'))).toBe('');
    expect(await readFile(await store.localFile('empty'))).toHaveLength(0);
  });
});

describe('a store in a folder', () => {
  it('leaves no temporary file, whichever writer wins', async () => {
    const store = new FolderStore(join(folder, 'race'));
    await Promise.all(Array.from({ length: 20 }, () => store.create('race', bytes('same'))));
    expect(readdirSync(join(folder, 'race'))).toEqual(['race']);
  });
});

describe('a store in a bucket', () => {
  it('writes large objects in parts that can be resumed, create-only too', async () => {
    const store = gcsStore();
    const large = Buffer.alloc((17 << 20) + 5, 'audio');
    expect(await store.create('large', large)).toBe('created');
    expect(await store.create('large', large)).toBe('present');
    await expect(store.create('large', large.subarray(1))).rejects.toBeInstanceOf(ContentDiffers);
    expect((await store.read('large'))?.length).toBe(large.length);
  });

  it('is opened by its URI, with the emulator from the environment, in children too', async () => {
    process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
    try {
      const store = openStore('/', 'gs://tests/opened/', { cacheFolder: join(folder, 'opened') });
      expect(store.uri).toBe('gs://tests/opened');
      await store.create('x', bytes('1'));
      expect(process.env['STORAGE_EMULATOR_HOST']).toBe(emulator.endpoint);
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST'];
    }
  });

  it('reads what an object is now, not what a local copy once was', async () => {
    const store = gcsStore();
    await store.replace('k', bytes('old'));
    expect((await readFile(await store.localFile('k'))).toString()).toBe('old');
    await store.replace('k', bytes('new'));
    expect((await readFile(await store.localFile('k'))).toString()).toBe('new');
  });

  it('refuses a bucket that is not there, naming it', async () => {
    await expect(
      gcsStore({ bucket: 'nowhere-at-all' }).create('k', bytes('x')),
    ).rejects.toMatchObject({
      code: 'StorageDenied',
      message: expect.stringContaining('gs://nowhere-at-all'),
    });
  });

  it('waits for a storage that is down, tells why, and finds earlier commits', async () => {
    const reasons: string[] = [];
    const store = gcsStore({ retry: { onWait: (reason) => reasons.push(reason) } });
    await store.create('before', bytes('1'));
    await emulator.stop();
    const pending = Promise.all([store.create('during', bytes('2')), store.read('before')]);
    while (reasons.length === 0) await sleep(10);
    emulator = await startStorage({
      port: emulator.port,
      folder: join(folder, 'buckets'),
      log: join(folder, 'emulator.log'),
    });
    expect(await pending).toEqual(['created', expect.anything()]);
    expect(textOf(await store.read('before'))).toBe('1');
  });

  it('names the project that pays in every request', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(200, {
        'content-type': 'application/json',
        location: `http://${request.headers.host}/session`,
      });
      request.resume();
      response.end(
        request.url?.includes('alt=media') ? 'abc' : JSON.stringify({ generation: '7', size: '3' }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = openGcs({
      STORAGE_EMULATOR_HOST: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const cache = new ObjectCache({ folder: join(folder, 'paid'), maxBytes: 1 });
    const store = new GcsStore({
      client,
      bucket: 'tests',
      prefix: '',
      cache,
      userProject: 'payer',
    });
    expect(textOf(await store.read('k'))).toBe('abc');
    await store.create('k', bytes('x'));
    await store.create('large', new Uint8Array((16 << 20) + 1));
    await store.list('k');
    await store.remove('k');
    expect(textOf(await readFile(await store.localFile('k')))).toBe('abc');
    server.close();
    // A session was opened for a writer.
    expect(asked.filter((url) => !url.includes('userProject=payer'))).toEqual(['/session']);
    expect(asked).toHaveLength(9);
  });

  it.each([403, 401])('tells a refusal (%i) in one permanent line', async (status) => {
    const server = createServer((_, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { code: status, message: 'not yours' } }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = openGcs({
      STORAGE_EMULATOR_HOST: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const cache = new ObjectCache({ folder: join(folder, 'denied'), maxBytes: 1 });
    const store = new GcsStore({ client, bucket: 'tests', prefix: '', cache });
    const requests = [
      () => store.read('k'),
      () => store.create('k', bytes('x')),
      () => store.list(''),
    ];
    for (const request of requests)
      await expect(request()).rejects.toMatchObject({
        code: 'StorageDenied',
        message: expect.stringMatching(/^gs:\/\/tests: access denied/),
      });
    server.close();
  });

  it('gives up at its limit', async () => {
    const client = openGcs({ STORAGE_EMULATOR_HOST: 'http://127.0.0.1:9' });
    const cache = new ObjectCache({ folder: join(folder, 'unused'), maxBytes: 1 });
    const store = new GcsStore({
      client,
      bucket: 'tests',
      prefix: '',
      cache,
      retry: { retryForMs: 50, firstPauseMs: 10 },
    });
    await expect(store.create('k', bytes('x'))).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('local copies', () => {
  async function* content(text: string): AsyncGenerator<Uint8Array> {
    yield bytes(text);
  }

  it('are evicted by last use when they grow over the limit', async () => {
    const cache = new ObjectCache({ folder: join(folder, 'lru'), maxBytes: 10, keepMs: 0 });
    const [a, b] = [
      await cache.file('a', () => content('aaaa')),
      await cache.file('b', () => content('bbbb')),
    ];
    await sleep(20);
    await cache.file('a', () => content('never read'));
    await sleep(20);
    const c = await cache.file('c', () => content('cccc'));
    await expect(readFile(a, 'utf8')).resolves.toBe('aaaa');
    await expect(readFile(b)).rejects.toThrow(/ENOENT/);
    await expect(readFile(c, 'utf8')).resolves.toBe('cccc');
  });

  it('that were used just now stay, whatever the limit', async () => {
    const cache = new ObjectCache({ folder: join(folder, 'recent'), maxBytes: 1 });
    const paths = [
      await cache.file('a', () => content('aaaa')),
      await cache.file('b', () => content('bbbb')),
    ];
    for (const path of paths) await expect(readFile(path)).resolves.toHaveLength(4);
  });

  it('are brought once, however many ask at the same time', async () => {
    const cache = new ObjectCache({ folder: join(folder, 'once'), maxBytes: 1 << 20 });
    let brought = 0;
    const bring = (): AsyncIterable<Uint8Array> => {
      brought++;
      return content('x');
    };
    await Promise.all(Array.from({ length: 10 }, () => cache.file('x', bring)));
    expect(brought).toBe(1);
  });

  it('that break off leave nothing behind', async () => {
    const cache = new ObjectCache({ folder: join(folder, 'broken'), maxBytes: 1 << 20 });
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield bytes('half');
      throw new Error('broken off');
    }
    await expect(cache.file('x', breaking)).rejects.toThrow('broken off');
    expect(readdirSync(join(folder, 'broken'))).toEqual([]);
  });

  it('of a process that died are cleared a day later', async () => {
    const place = join(folder, 'leftovers');
    const cache = new ObjectCache({ folder: place, maxBytes: 1 << 20 });
    await cache.file('x', () => content('x'));
    writeFileSync(join(place, 'abc.part-1-2'), 'half');
    await cache.file('y', () => content('y'));
    expect(readdirSync(place)).toContain('abc.part-1-2');
    utimesSync(join(place, 'abc.part-1-2'), 0, 0);
    await new ObjectCache({ folder: place, maxBytes: 1 << 20 }).file('z', () => content('z'));
    expect(readdirSync(place)).not.toContain('abc.part-1-2');
  });
});
