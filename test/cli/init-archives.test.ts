import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpack } from '../../cli/corpus/datasets/unpack';
import { folderWithCache, initIn, removeWithCache } from '../support/told-by-init';

describe('ced init of archives', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-archives-');
  });
  afterEach(() => removeWithCache(folder));

  const { putAudio, putText, init, rows } = initIn(() => folder);

  it.each(['zip', 'tar', 'tar.gz'])('reads a .%s, unpacked once into the cache', async (kind) => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 4; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const archive = `pets.${kind}`;
    if (kind === 'zip')
      execFileSync('python3', ['-m', 'zipfile', '-c', join(folder, archive), 'pets'], {
        cwd: folder,
      });
    else execFileSync('tar', [kind === 'tar' ? '-cf' : '-czf', archive, 'pets'], { cwd: folder });
    rmSync(join(folder, 'pets'), { recursive: true });
    const { found } = await init(archive);
    expect(found).toMatchObject({ clips: 8, classes: 2 });
    expect(rows('train')[0]?.audio).toContain(join(folder, 'cache'));
  });

  it('writes nothing of an archive whose names lead out of it', async () => {
    putText('in/evil.csv', 'x');
    spawnSync('tar', [
      '-C',
      join(folder, 'in'),
      '-cf',
      join(folder, 'e.tar'),
      '--transform',
      's,^,../../,',
      '-P',
      'evil.csv',
    ]);
    await expect(init('e.tar')).rejects.toThrow(/\.\.\/\.\.\/evil\.csv leads out of it/);
    expect(existsSync(join(folder, 'evil.csv'))).toBe(false);
    expect(existsSync(join(folder, 'project'))).toBe(false);
  });

  it.each(['tar', 'tar.gz'])(
    'writes no more of a .%s than it may, and leaves none',
    async (kind) => {
      for (const take of [0, 1, 2]) putAudio(`in/${take}.wav`);
      const archive = join(folder, `in.${kind}`);
      execFileSync('tar', [kind === 'tar' ? '-cf' : '-czf', archive, '-C', folder, 'in']);
      const cache = join(folder, 'cache');
      await expect(unpack(archive, cache, 70_000)).rejects.toThrow(/unpacks to over \d+ bytes/);
      expect(readdirSync(join(cache, 'datasets'))).toEqual([]);
    },
  );
});
