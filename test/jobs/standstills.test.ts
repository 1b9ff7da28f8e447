import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuardedStore } from '../../storage/guarded-store';
import { FolderStore } from '../../storage/folder-store';
import { Ownership } from '../../jobs/process/ownership';
import { Standstills } from '../../jobs/process/standstills';

let nowMs: number;
let standstills: Standstills;
beforeEach(() => {
  nowMs = 1000;
  standstills = new Standstills(20_000, () => nowMs);
});

const bytes = Buffer.from('content');

describe('a process that stood still', () => {
  it('is told from one that was only slow', () => {
    for (let tick = 0; tick < 10; tick++) {
      nowMs += 19_000;
      expect(standstills.seen()).toBe(0);
    }
    nowMs += 20_001;
    expect(standstills.seen()).toBe(1);
    expect(standstills.seen()).toBe(1);
  });
});

describe('a store whose changes are guarded', () => {
  let folder: string;
  let plain: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-standstills-'));
    plain = new FolderStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("lets no store of an activity write after a standstill, but a later activity's", async () => {
    await plain.create('kept', bytes);
    const store = new GuardedStore(plain, { beforeChange: standstills.refuseAfter('store') });
    await store.replace('latest', bytes);
    nowMs += 33_000;
    await expect(store.remove('kept')).rejects.toThrow(/stood still/);
    await expect(store.replace('latest', Buffer.from('stale'))).rejects.toThrow(/stood still/);
    await expect(store.create('late', bytes)).rejects.toThrow(/stood still/);
    expect(await plain.exists('kept')).toBe(true);
    expect(Buffer.from((await plain.read('latest'))!).toString()).toBe('content');

    const next = new GuardedStore(plain, { beforeChange: standstills.refuseAfter('store') });
    await next.remove('kept');
    expect(await plain.exists('kept')).toBe(false);
  });

  it('keeps the engine from writing until its worker answers, and asks once', async () => {
    const asked: number[] = [];
    const ownership = new Ownership(standstills, (standstill) => asked.push(standstill));
    const store = new GuardedStore(plain, { beforeChange: () => ownership.pass() });
    await store.create('before', bytes);
    expect(asked).toEqual([]);

    nowMs += 33_000;
    const created = [store.create('a', bytes), store.create('b', bytes)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([1]);
    expect(await plain.list('')).toEqual(['before']);
    ownership.confirm(1);
    expect(await Promise.all(created)).toEqual(['created', 'created']);
  });

  it('does not take an answer from before another standstill', async () => {
    const asked: number[] = [];
    const ownership = new Ownership(standstills, (standstill) => asked.push(standstill));
    const store = new GuardedStore(plain, { beforeChange: () => ownership.pass() });
    nowMs += 33_000;
    const created = store.create('a', bytes);
    await new Promise((resolve) => setImmediate(resolve));
    nowMs += 33_000;
    ownership.confirm(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([1, 2]);
    expect(await plain.list('')).toEqual([]);
    ownership.confirm(2);
    await created;
  });

  it('lets no object appear that a standstill interrupted before it was whole', async () => {
    const asked: number[] = [];
    const ownership = new Ownership(standstills, (standstill) => asked.push(standstill));
    const store = new FolderStore(folder, { beforeCommit: () => ownership.pass() });
    await store.replace('latest', bytes);
    nowMs += 33_000; // after the check that a change begins with
    const changes = [store.create('a', bytes), store.replace('latest', Buffer.from('later'))];
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await plain.list('')).toEqual(['latest']);
    expect(Buffer.from((await plain.read('latest'))!).toString()).toBe('content');
    ownership.confirm(1);
    await Promise.all(changes);
    expect(await plain.list('')).toEqual(['a', 'latest']);
    expect(Buffer.from((await plain.read('latest'))!).toString()).toBe('later');
  });
});
