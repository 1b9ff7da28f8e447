import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../storage/folder-store';
import { GuardedStore, type StoreGuard } from '../../storage/guarded-store';
import type { Store } from '../../storage/store';

const bytes = Buffer.from('content');

/** Every operation of a store, on an object that is there. */
const READS: ((store: Store) => Promise<unknown>)[] = [
  (store) => store.read('there'),
  (store) => store.exists('there'),
  (store) => store.list(''),
  (store) => store.inventory(),
  (store) => store.localFile('there'),
];
const CHANGES: ((store: Store) => Promise<unknown>)[] = [
  (store) => store.create('new', bytes),
  (store) => store.replace('new', bytes),
  (store) => store.remove('new'),
];

describe('a guarded store', () => {
  let folder: string;
  const guarded = (guard: StoreGuard) => new GuardedStore(new FolderStore(folder), guard);
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-guarded-'));
    await new FolderStore(folder).create('there', bytes);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reports every operation that succeeded, and none that failed', async () => {
    let reports = 0;
    const store = guarded({ after: () => reports++ });
    for (const [index, operation] of [...READS, ...CHANGES].entries()) {
      await operation(store);
      expect(reports).toBe(index + 1);
    }
    await expect(store.localFile('missing')).rejects.toThrow('missing');
    expect(reports).toBe(READS.length + CHANGES.length);
  });

  it('begins no operation that is refused', async () => {
    const refuse = () => {
      throw new Error('cancelled');
    };
    for (const operation of [...READS, ...CHANGES])
      await expect(operation(guarded({ before: refuse }))).rejects.toThrow('cancelled');
    expect(readdirSync(folder)).toEqual(['there']);
  });

  it('lets reads through where only changes are refused', async () => {
    const store = guarded({ beforeChange: () => Promise.reject(new Error('not the owner')) });
    for (const read of READS) await read(store);
    for (const change of CHANGES) await expect(change(store)).rejects.toThrow('not the owner');
    expect(readdirSync(folder)).toEqual(['there']);
  });
});

describe('a folder as a store', () => {
  it('reports each piece of a large object, written or read, and stops between two', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-pieces-'));
    try {
      let pieces = 0;
      const large = [Buffer.alloc(40 << 20, 1), Buffer.alloc(3, 2)];
      const store = new FolderStore(folder, { retry: { onBytes: () => pieces++ } });
      await store.create('large', large);
      expect(pieces).toBe(4);
      expect(Buffer.concat(large).equals(Buffer.from((await store.read('large'))!))).toBe(true);
      expect(pieces).toBe(7);

      const stopping = new AbortController();
      const stop = () => stopping.abort(new Error('told to stop'));
      const retry = { onBytes: stop, signal: stopping.signal };
      const stopped = new FolderStore(folder, { retry });
      await expect(stopped.create('stopped', large)).rejects.toThrow('told to stop');
      await expect(stopped.read('large')).rejects.toThrow('told to stop');
      expect(readdirSync(folder)).toEqual(['large']);
      // A lease is released after it.
      await stopped.create('small', bytes);
      expect(Buffer.from((await stopped.read('small'))!)).toEqual(bytes);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
