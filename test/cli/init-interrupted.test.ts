import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { repositoryRoot } from '../../infra/toolchain';
import { mountDisk, type SmallDisk } from '../chaos/small-disk';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import { folderWithCache, putFile, removeWithCache, toldByInit } from '../support/told-by-init';

const KILL_AT = join(__dirname, '../support/kill-at.cjs');

describe('ced init that is cut short', () => {
  let folder: string;
  let project: string;
  beforeEach(() => {
    folder = folderWithCache('ced-cut-short-');
    project = join(folder, 'deep/project');
    for (const name of ['cat', 'dog'])
      for (const take of ['na', 'nb', 'nc', 'nd'])
        putFile(join(folder, 'set', name, `${take}.wav`), noiseWav(`${name} ${take}`));
    putFile(join(folder, 'set/dog/broken.wav'), 'no audio');
  });
  afterEach(() => removeWithCache(folder));

  const init = async (out = project): Promise<string[]> => {
    await toldByInit(join(folder, 'set'), '--out', out);
    return filesOf(out);
  };
  const filesOf = (place: string): string[] =>
    readdirSync(place).map((name) => `${name} ${readFileSync(join(place, name), 'utf8')}`);
  const complaint = async (out: string, source = 'set'): Promise<string> =>
    await ced(['init', join(folder, source), '--out', out]).then(() => 'none', describeFailure);

  it('leaves no project when it is killed, and the same command works then', async () => {
    const whole = await init();
    expect(whole).toHaveLength(7);
    // before anything, at the folder, at a file, at the list of all, at moves of the first, of one
    // in the middle and of the two run files, behind the last, and not at all
    const points = [0, 1, 5, 9, 10, 13, 15, 16, 17, 18];
    const projects: number[] = [];
    for (const point of points) {
      rmSync(project, { recursive: true });
      const { signal } = spawnSync(
        process.execPath,
        [
          ...['--require', KILL_AT, join(repositoryRoot, 'dist/cli/main.js'), 'init'],
          ...[join(folder, 'set'), '--out', project],
        ],
        {
          env: { ...process.env, CED_KILL_BELOW: project, CED_KILL_AT: String(point) },
          stdio: 'ignore',
        },
      );
      expect(signal).toBe(point === 18 ? null : 'SIGKILL');
      // A run starts from either, and needs the tables.
      const isProject = existsSync(join(project, 'run.json'));
      if (isProject || existsSync(join(project, 'teach.json'))) projects.push(point);
      if (isProject) {
        rmSync(join(project, '.unfinished-project'), { recursive: true, force: true });
        expect(filesOf(project)).toEqual(whole);
      } else expect(await init()).toEqual(whole);
    }
    expect(projects).toEqual([16, 17, 18]);
  });

  it('leaves nothing on a full disk, and works in its own folder when that is free', async () => {
    const disk = mounted(folder);
    if (disk === null) return;
    const mount = join(folder, 'disk');
    try {
      const files = await init();
      disk.fill();
      for (const out of ['disk/project', 'disk/deep/project'])
        expect(await complaint(join(folder, out))).toMatch(
          /cannot be written to .*project: ENOSPC: .*; free space there, or choose another place/,
        );
      expect(readdirSync(mount)).toEqual(['.writing-ballast']);
      disk.free();
      expect(await init(join(mount, 'project'))).toHaveLength(files.length);
      rmSync(join(mount, 'project'), { recursive: true });
      expect(await init(mount)).toHaveLength(files.length);
    } finally {
      disk.unmount();
    }
  });

  it('refuses a folder that cannot be written before it reads anything', async () => {
    const disk = mounted(folder);
    if (disk === null) return;
    try {
      const mount = join(folder, 'disk');
      mkdirSync(join(mount, 'there'));
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      rmSync(join(folder, 'set'), { recursive: true });
      for (const out of ['disk/there', 'disk/deep/project'])
        expect(await complaint(join(folder, out))).toMatch(
          /cannot be written to .*: EROFS: read-only file system, .*choose another place with --out/,
        );
    } finally {
      disk.unmount();
    }
  });

  it('refuses a folder into which something was put meanwhile', async () => {
    mkdirSync(project, { recursive: true });
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const reading = complaint(project);
    writeFileSync(join(project, 'mine'), '');
    expect(await reading).toMatch(/project is not empty; choose another place with --out/);
    write.mockRestore();
    expect(readdirSync(project)).toEqual(['mine']);
  });

  describe('unpacking an archive', () => {
    const cached = (): string => join(folder, 'cache/datasets');
    const members = ['cat/na', 'cat/nb', 'dog/nc', 'dog/nd'].map((name) => ({
      name: `${name}.wav`,
      content: noiseWav(name),
    }));
    const initArchive = async (): Promise<number> => {
      rmSync(project, { recursive: true, force: true });
      const { found } = await toldByInit(join(folder, 'set.tar.gz'), '--out', project);
      return found.clips;
    };
    beforeEach(() => {
      writeFileSync(join(folder, 'set.tar.gz'), gzipSync(tarBytes(members)));
      utimesSync(join(folder, 'set.tar.gz'), 1, 1);
    });

    it('unpacks again where its notes were removed or damaged', async () => {
      expect(await initArchive()).toBe(4);
      const notes = readdirSync(cached()).find((name) => name.endsWith('.json'))!;
      const audio = join(cached(), notes.replace('.json', ''), 'dog/nd.wav');
      rmSync(join(cached(), notes));
      rmSync(audio);
      expect(await initArchive()).toBe(4);
      writeFileSync(join(cached(), notes), '["half');
      rmSync(audio);
      expect(await initArchive()).toBe(4);
      expect(readdirSync(cached())).toHaveLength(2);
    });

    it('removes what a program left that was killed', async () => {
      expect(await initArchive()).toBe(4);
      const notes = readdirSync(cached()).find((name) => name.endsWith('.json'))!;
      rmSync(join(cached(), notes));
      const { pid } = spawnSync(process.execPath, ['--version']);
      putFile(join(cached(), `${notes.replace('json', String(pid))}/dog/half.wav`), 'half');
      expect(await initArchive()).toBe(4);
      expect(readdirSync(cached())).toHaveLength(2);
    });

    it('names the cache where that is full', async () => {
      const disk = mounted(folder);
      if (disk === null) return;
      process.env['CED_CACHE'] = join(folder, 'disk');
      try {
        mkdirSync(join(folder, 'disk/datasets'));
        disk.fill();
        expect(await complaint(project, 'set.tar.gz')).toMatch(
          /set\.tar\.gz (cannot be unpacked into .*ENOSPC|unpacks to over 0 bytes).*CED_CACHE/,
        );
        expect(readdirSync(join(folder, 'disk/datasets'))).toEqual([]);
      } finally {
        disk.unmount();
      }
    });

    it('says that a gzip is damaged', async () => {
      const whole = readFileSync(join(folder, 'set.tar.gz'));
      writeFileSync(join(folder, 'set.tar.gz'), whole.subarray(0, whole.length >> 1));
      expect(await complaint(project, 'set.tar.gz')).toMatch(
        /set\.tar\.gz is damaged \(unexpected end of file\); fetch it again/,
      );
    });
  });
});

/** A disk in the folder `disk`; null without the right to mount one. */
function mounted(folder: string): SmallDisk | null {
  const place = join(folder, 'disk');
  mkdirSync(place);
  try {
    return mountDisk(place);
  } catch {
    return null;
  }
}
