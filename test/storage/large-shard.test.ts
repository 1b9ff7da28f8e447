import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyStore } from '../../cli/store/store-verification';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { quarantine } from '../../storage/quarantine';
import { ContentDiffers } from '../../storage/store';

/** More than Node reads, or hashes, in one piece. */
const BYTES = 2 ** 31 + 2 ** 20;
const key = layout.audio('a'.repeat(64));

class NeverWholeStore extends FolderStore {
  override read(asked: string): Promise<Uint8Array | null> {
    throw new Error(`${asked} is read whole`);
  }
}

describe('an audio shard of more than 2 GiB', () => {
  let folder: string;
  let store: NeverWholeStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-large-'));
    store = new NeverWholeStore(folder);
    mkdirSync(join(folder, 'audio'));
    // Sparse: it takes no room.
    const file = openSync(join(folder, key), 'w');
    ftruncateSync(file, BYTES);
    closeSync(file);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is verified, and quarantined when it is damaged, without being held in memory', async () => {
    expect(await verifyStore(store)).toMatchObject({ damaged: [{ key }] });
    expect(await quarantine(store, key, 'a'.repeat(64))).toBe('quarantined');
    expect(await store.inventory()).toEqual([
      expect.objectContaining({ key: expect.stringMatching(/^quarantine\/audio/), bytes: BYTES }),
    ]);
  });

  it('is told from other content that is to be created in its place', async () => {
    await expect(store.create(key, Buffer.from('other'))).rejects.toBeInstanceOf(ContentDiffers);
    await expect(store.create(key, Buffer.alloc(1 << 20))).rejects.toBeInstanceOf(ContentDiffers);
  });
});
