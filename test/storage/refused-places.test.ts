/** Places that no retry makes writable: each is a typed, permanent failure at once. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import { decodeError, encodeError } from '../../jobs/process/error-record';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { FolderStore } from '../../storage/folder-store';
import { ObjectCache } from '../../storage/object-cache';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-refused-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** As Temporal is told of it, from the worker's process and from the engine's. */
async function failuresOf(work: Promise<unknown>): Promise<Error[]> {
  const error: unknown = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  );
  return [asFailure(error), asFailure(decodeError(encodeError(error)))];
}

const permanent = (text: RegExp): object => ({
  type: 'StorageDenied',
  nonRetryable: true,
  message: expect.stringMatching(text) as string,
});

describe('a store in a folder', () => {
  it('below a file is denied', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const place of ['file', 'file/store', 'file/deep/store'])
      for (const failure of await failuresOf(
        new FolderStore(join(folder, place)).create('plans/a.json', Buffer.from('{}')),
      ))
        expect(failure).toMatchObject(permanent(/ENOTDIR.*a file is where a folder should be/));
  });

  it('whose name is too long is denied', async () => {
    const store = new FolderStore(join(folder, 'x'.repeat(300)));
    for (const failure of await failuresOf(store.create('a', Buffer.from('a'))))
      expect(failure).toMatchObject(permanent(/ENAMETOOLONG/));
  });

  const readOnly = mountedReadOnly();
  if (readOnly === null)
    console.warn('left out: a read-only file system, because nothing can be mounted here');
  (readOnly === null ? it.skip : it)(
    'on a read-only file system is denied, whether its folder is there or not',
    async () => {
      for (const place of ['there', 'deep/in/new/folders']) {
        const store = new FolderStore(join(readOnly ?? '', place));
        const writes = [store.create('a', Buffer.from('a')), store.replace('a', Buffer.from('a'))];
        for (const write of writes)
          for (const failure of await failuresOf(write))
            expect(failure).toMatchObject(permanent(/EROFS.*read-only/));
      }
      const cache = new ObjectCache({ folder: join(readOnly ?? '', 'a/b'), maxBytes: 1 });
      for (const failure of await failuresOf(cache.keep('a', Buffer.from('a'))))
        expect(failure).toMatchObject(permanent(/EROFS/));
    },
  );
});

describe('a store in a bucket that does not exist', () => {
  let emulator: StorageEmulator;
  beforeAll(async () => {
    emulator = await startStorage({ port: 0, folder: null, log: null });
  });
  afterAll(async () => await emulator.stop());

  it('is denied when it is written, listed or surveyed', async () => {
    const store = new GcsStore({
      client: openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint }),
      bucket: 'nowhere',
      prefix: 'runs',
      cache: new ObjectCache({ folder: join(folder, 'copies'), maxBytes: 1e6 }),
      retry: { firstPauseMs: 5, retryForMs: 200 },
    });
    for (const work of [
      () => store.create('a', Buffer.from('a')),
      () => store.list(''),
      () => store.inventory(),
    ])
      for (const failure of await failuresOf(work()))
        expect(failure).toMatchObject(permanent(/gs:\/\/nowhere: there is no such bucket/));
  });
});

/** A read-only tmpfs with an empty folder `there`, or null without the right to mount one. */
function mountedReadOnly(): string | null {
  const mount = mkdtempSync(join(tmpdir(), 'ced-read-only-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mount], { stdio: 'ignore' });
    mkdirSync(join(mount, 'there'));
    execFileSync('mount', ['-o', 'remount,ro', mount], { stdio: 'ignore' });
  } catch {
    return null;
  }
  afterAll(() => {
    execFileSync('umount', [mount]);
    rmSync(mount, { recursive: true });
  });
  return mount;
}
