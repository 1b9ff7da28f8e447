import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { writeLogits } from '../../activities/write-logits';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { readRecord } from '../../storage/record';
import { encodeRows } from '../../ced/logits/row-file';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import { STORE_DAMAGED } from '../../workflows/contract/damage';
import { randomLogitTable } from '../ced/logits/random-table';

const [logitsKey, audioShard] = ['b'.repeat(64), 'a'.repeat(64)];
const rowsKey = layout.logitsRows(logitsKey, audioShard);
const shardKey = layout.logits(logitsKey, audioShard);
const manifestKey = layout.logitsManifest(logitsKey, audioShard);
const table = randomLogitTable({ clips: 5, views: 3, classes: 20, topK: 4 });
const notes = { seconds: 7, agreement: [] };

let folder: string;
let store: FolderStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-rows-'));
  store = new FolderStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const leaveRows = () => store.create(rowsKey, encodeRows(table, notes));
const write = (into = store) =>
  writeLogits(
    { openStore: () => into, monotonicMs: () => performance.now() },
    { store: '', logitsKey, audioShard, shard: 3 },
  );

describe('what the teachers left of a shard', () => {
  it('becomes its file and its manifest, and is removed', async () => {
    await leaveRows();
    const shard = await write();
    expect(await decodeLogitShard((await store.read(shardKey))!)).toEqual(table);
    const manifest = await readRecord(store, manifestKey, logitsRecord);
    expect(manifest).toMatchObject({
      rowsPlanned: 15,
      rowsWritten: 15,
      agreement: [],
      bytes: shard.bytes,
    });
    expect(shard).toEqual({
      logitsKey,
      rows: 15,
      bytes: manifest.bytes,
      seconds: manifest.seconds,
      reused: false,
    });
    expect(manifest.seconds).toBeGreaterThan(7);
    expect(await store.list('logits/')).toEqual([manifestKey, shardKey].sort());
  });

  it.each([shardKey, manifestKey, rowsKey])(
    'is written by the next attempt when the writer died before it came to %s',
    async (key) => {
      await leaveRows();
      class Dying extends FolderStore {
        override create: FolderStore['create'] = (at, content) =>
          at === key ? Promise.reject(new Error('killed')) : super.create(at, content);
        override remove: FolderStore['remove'] = (at) =>
          at === key ? Promise.reject(new Error('killed')) : super.remove(at);
      }
      await expect(write(new Dying(folder))).rejects.toThrow('killed');
      await expect(store.exists(rowsKey)).resolves.toBe(true);
      await expect(write()).resolves.toMatchObject({ rows: 15 });
      expect(await decodeLogitShard((await store.read(shardKey))!)).toEqual(table);
      expect(await store.list('logits/')).toEqual([manifestKey, shardKey].sort());
    },
  );

  it('is written once by two that are at it together', async () => {
    await leaveRows();
    const [one, two] = await Promise.all([write(), write(new FolderStore(folder))]);
    expect(two).toMatchObject({ bytes: one.bytes, seconds: one.seconds });
    expect(await store.list('logits/')).toEqual([manifestKey, shardKey].sort());
  });

  it('is quarantined if damaged, and the shard has to be predicted again', async () => {
    const damaged = Buffer.concat(encodeRows(table, notes));
    damaged[200]! ^= 1;
    await store.create(rowsKey, damaged);
    const failure = asFailure(await write().catch((error: unknown) => error));
    expect(failure).toMatchObject({
      type: STORE_DAMAGED,
      nonRetryable: true,
      details: [[{ kind: 'logits', shard: 3 }]],
    });
    await expect(store.exists(rowsKey)).resolves.toBe(false);
    expect(await store.list('quarantine/')).toHaveLength(1);
  });

  it('is asked for again when it is gone and no shard was made of it', async () => {
    expect(asFailure(await write().catch((error: unknown) => error))).toMatchObject({
      type: STORE_DAMAGED,
    });
  });
});
