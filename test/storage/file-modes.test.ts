import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ObjectCache } from '../../storage/object-cache';
import { openStore } from '../../storage/open-store';

describe('what a store keeps', () => {
  let root: string;
  let umask: number;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ced-modes-'));
    umask = process.umask(0o002);
  });
  afterEach(() => {
    process.umask(umask);
    delete process.env['CED_SHARED_STORE'];
    rmSync(root, { recursive: true });
  });

  const modesBelow = (folder: string): Record<string, string> =>
    Object.fromEntries(
      ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].map((name) => [
        name,
        (statSync(join(folder, name)).mode & 0o777).toString(8),
      ]),
    );

  async function fill(): Promise<void> {
    const store = openStore(root, 'runs/mine');
    await store.create('corpora/a/plan.json', Buffer.from('{}'));
    await store.replace('runs/latest.json', Buffer.from('{}'));
  }

  it('is for its owner alone, whatever the umask', async () => {
    await fill();
    expect(modesBelow(join(root, 'runs/mine'))).toEqual({
      '': '700',
      corpora: '700',
      'corpora/a': '700',
      'corpora/a/plan.json': '600',
      runs: '700',
      'runs/latest.json': '600',
    });
  });

  it('is for whom the umask lets in with CED_SHARED_STORE=1', async () => {
    process.env['CED_SHARED_STORE'] = '1';
    await fill();
    expect(modesBelow(join(root, 'runs/mine'))).toMatchObject({
      '': '775',
      'corpora/a': '775',
      'corpora/a/plan.json': '664',
      'runs/latest.json': '664',
    });
  });

  it('leaves the mode of a folder that is there', async () => {
    mkdirSync(join(root, 'runs/mine'), { recursive: true });
    await fill();
    expect(modesBelow(join(root, 'runs/mine'))).toMatchObject({ '': '775', corpora: '700' });
  });

  it('is copied for its owner alone', async () => {
    const cache = new ObjectCache({ folder: join(root, 'cache/objects'), maxBytes: 1e6 });
    await cache.keep('a', Buffer.from('a'));
    expect(Object.values(modesBelow(join(root, 'cache'))).sort()).toEqual(['600', '700', '700']);
  });
});
