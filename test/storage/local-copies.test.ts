import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { planCorpus } from '../../activities/plan-corpus';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { layout } from '../../storage/layout';
import { ObjectCache } from '../../storage/object-cache';
import { isVerified, readVerified } from '../../storage/verified-object';
import { sha256 } from '../../storage/store';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import { localDependencies } from '../../activities/local-dependencies';
import { storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';

const content = Buffer.from('weights');
const hash = sha256(content);
const ignore = (): void => undefined;

let folder: string;
let emulator: StorageEmulator;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-copies-'));
  emulator = await startStorage({
    port: 0,
    folder: join(folder, 'buckets'),
    log: join(folder, 'emulator.log'),
  });
  await emulator.createBucket('tests');
});
afterAll(async () => {
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('an object in a bucket whose hash is known', () => {
  let store: GcsStore;
  let copies: string;
  let machines = 0;

  /** The same place in the bucket, seen from a machine of its own. */
  const machine = (prefix: string): { store: GcsStore; copies: string } => {
    const cacheFolder = join(folder, `machine-${++machines}`);
    const cache = new ObjectCache({ folder: cacheFolder, maxBytes: 1e9 });
    const client = openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint });
    return {
      store: new GcsStore({
        client,
        bucket: 'tests',
        prefix,
        cache,
        retry: { firstPauseMs: 10 },
      }),
      copies: cacheFolder,
    };
  };
  const copy = (): string => join(copies, readdirSync(copies)[0]!);
  let prefix: string;

  beforeEach(() => {
    prefix = `place-${machines}`;
    ({ store, copies } = machine(prefix));
  });

  it('is read without the network by a machine that wrote it or has read it', async () => {
    await store.create('k', content, { keepCopy: true });
    const reader = machine(prefix).store;
    await readVerified(reader, 'k', hash);
    await openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint })
      .bucket('tests')
      .file(`${prefix}/k`)
      .delete();
    for (const each of [store, reader]) {
      expect(await readVerified(each, 'k', hash)).toEqual(content);
      expect(await isVerified(each, 'k', hash)).toBe(true);
    }
    expect(await readVerified(machine(prefix).store, 'k', hash)).toBeNull();
  });

  it('is fetched again when the copy is damaged', async () => {
    await store.create('k', content, { keepCopy: true });
    writeFileSync(copy(), 'Weights');
    expect(await readVerified(store, 'k', hash)).toEqual(content);
    expect(readFileSync(copy())).toEqual(content);
  });

  it('is not returned if the object is damaged, and stays there for quarantine', async () => {
    await store.create('k', Buffer.from('Weights'));
    expect(await readVerified(store, 'k', hash)).toBeNull();
    expect(await isVerified(store, 'k', hash)).toBe(false);
    expect(await store.exists('k')).toBe(true);
  });

  it('takes its copy along when it is removed', async () => {
    await store.create('k', content, { keepCopy: true });
    expect(readdirSync(copies)).toHaveLength(1);
    await store.remove('k');
    expect(readdirSync(copies)).toEqual([]);
  });

  it('is committed even where there is no room for its copy', async () => {
    const cache = new ObjectCache({ folder: '/dev/null/nowhere', maxBytes: 1 });
    const full = new GcsStore({
      client: openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint }),
      bucket: 'tests',
      prefix,
      cache,
    });
    expect(await full.create('k', content, { keepCopy: true })).toBe('created');
  });
});

describe('the audio of a corpus', () => {
  let planKey: string;
  const store = (): ReturnType<typeof storeBelow> => storeBelow(folder);

  beforeAll(async () => {
    const deps = localDependencies(folder, store());
    const corpus = {
      ...writeToneCorpus(folder, { train: 6, validation: 0, eval: 0 }),
      validation: undefined,
      eval: undefined,
      clipsPerShard: 2,
      maxRejected: 0,
    };
    ({ planKey } = await planCorpus(deps, { store: '', corpus, chunkSeconds: 1 }, ignore));
    for (let shard = 0; shard < 3; shard++)
      await ingestShard(deps, { store: '', planKey, split: 'train', shard }, ignore);
    await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
  });

  it('is touched no sooner than its clips are wanted, and then only their shards', async () => {
    const touched: string[] = [];
    const watched = store();
    const { localFile } = watched;
    watched.localFile = (key) => (touched.push(key), localFile.call(watched, key));
    const audio = await CorpusAudio.open(watched, planKey, 'train');
    expect(touched).toEqual([]);
    await audio.ready(audio.clips.slice(2, 3));
    await audio.ready(audio.clips.slice(2, 4));
    await audio.close();
    expect(touched).toEqual([layout.audio(audio.audioShards[1]!)]);
  });

  it('cannot be read before it was looked at', async () => {
    const audio = await CorpusAudio.open(store(), planKey, 'train');
    const [clip] = audio.clips;
    expect(() => audio.read(clip!, clip!.chunks[0]!, new Int16Array(16_000))).toThrow(
      'train-0 is read before it is ready',
    );
    await audio.close();
  });

  it('names every damaged shard when it meets one of them', async () => {
    const audio = await CorpusAudio.open(store(), planKey, 'train');
    const paths = audio.audioShards.map((shard) => join(folder, 'store', layout.audio(shard)));
    const intact = paths.map((path) => readFileSync(path));
    for (const shard of [0, 2]) {
      const bytes = Buffer.from(intact[shard]!);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(paths[shard]!, bytes);
    }
    // Its other clip is intact.
    await audio.ready(audio.clips.slice(0, 1));
    await expect(audio.ready(audio.clips.slice(1, 2))).rejects.toMatchObject({
      damages: [
        { kind: 'audio', split: 'train', shard: 0 },
        { kind: 'audio', split: 'train', shard: 2 },
      ],
    });
    await audio.close();
    paths.forEach((path, shard) => writeFileSync(path, intact[shard]!));
  });

  it('is refused when what stands before its samples is damaged', async () => {
    const audio = await CorpusAudio.open(store(), planKey, 'train');
    const path = join(folder, 'store', layout.audio(audio.audioShards[0]!));
    const intact = readFileSync(path);
    writeFileSync(path, Buffer.concat([Buffer.from([0]), intact.subarray(1)]));
    await expect(audio.ready(audio.clips)).rejects.toMatchObject({ damages: [{ shard: 0 }] });
    await audio.close();
    writeFileSync(path, intact);
  });
});
