import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../activities/storage/folder-store';
import { ContentDiffers, ObjectMissing } from '../../activities/storage/store';

describe('a store in a folder', () => {
  let folder: string;
  let store: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-store-'));
    store = new FolderStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('creates an object once and finds it again', async () => {
    expect(await store.create('a/b.bin', Buffer.from('x'))).toBe('created');
    expect(await store.create('a/b.bin', Buffer.from('x'))).toBe('present');
    expect(Buffer.from((await store.read('a/b.bin')) ?? []).toString()).toBe('x');
  });

  it('refuses other bytes under the same key and keeps the first', async () => {
    await store.create('k', Buffer.from('first'));
    await expect(store.create('k', Buffer.from('second'))).rejects.toBeInstanceOf(ContentDiffers);
    expect(Buffer.from((await store.read('k')) ?? []).toString()).toBe('first');
  });

  it('lets exactly one of twenty racing writers create, and leaves no temporary file', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.create('race', Buffer.from('same'))));
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['race']);
  });

  it('lists by prefix, sorted, across folders', async () => {
    for (const key of ['m/2/x', 'm/10/x', 'n/1']) await store.create(key, Buffer.from('x'));
    expect(await store.list('m/')).toEqual(['m/10/x', 'm/2/x']);
    expect(await store.list('nothing/')).toEqual([]);
  });

  it('refuses keys that leave the folder', async () => {
    await expect(store.create('../outside', Buffer.from('x'))).rejects.toThrow(/must stay below/);
    await expect(store.read('/etc/passwd')).rejects.toThrow(/must stay below/);
  });

  it('says what is missing and where', async () => {
    expect(await store.read('nothing')).toBeNull();
    await expect(store.localFile('nothing')).rejects.toBeInstanceOf(ObjectMissing);
  });

  it('replaces the latest copies whole', async () => {
    await store.replace('runs/a/result.json', Buffer.from('1'));
    await store.replace('runs/a/result.json', Buffer.from('2'));
    expect(Buffer.from((await store.read('runs/a/result.json')) ?? []).toString()).toBe('2');
  });
});
