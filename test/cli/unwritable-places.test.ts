/** @jest-environment ./test/support/one-realm-environment.cjs */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { refuseUnwritable } from '../../cli/unwritable';
import { writeWhole } from '../../cli/whole-file';
import { FolderStore } from '../../storage/folder-store';
import { makeFolder } from '../../storage/make-folder';
import { mountDisk, type SmallDisk } from '../chaos/small-disk';
import { wavBytes } from '../ced/audio/wav-bytes';
import { catchOutput } from '../support/caught-output';
import { sweep, writeReferenceModel } from '../support/tagged-model';

// Where no folder can be made, Node's own mkdir never ends: a test of these that fails may hang.
describe('a place that cannot be written', () => {
  let root: string;
  let clip: string;
  let folder: string;
  let disk: SmallDisk | null;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'ced-unwritable-'));
    writeReferenceModel(join(root, 'model'));
    clip = join(root, 'clip.wav');
    writeFileSync(clip, wavBytes([sweep(0.5)], { bits: 16 }));
    mkdirSync(join(root, 'set', 'a'), { recursive: true });
  });
  afterAll(() => rmSync(root, { recursive: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'out-'));
    disk = null;
    catchOutput('stdout');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    disk?.unmount();
  });

  /** Of a program that writes the place; `of` is what it writes. */
  const programs = {
    'export --to onnx': (out: string) => exporting('onnx', `${out}.onnx`),
    'export --to sherpa': (out: string) => exporting('sherpa', out),
    'embed to .npy': (out: string) => embedding(`${out}.npy`),
    'embed to .parquet': (out: string) => embedding(`${out}.parquet`),
    init: (out: string) => ced(['init', join(root, 'set'), '--out', out]),
    'teach, before it begins': (out: string) => Promise.resolve(refuseUnwritable(out)),
  };
  const exporting = (to: string, out: string): Promise<number> =>
    ced(['export', '--model', join(root, 'model'), '--to', to, '--out', out]);
  const embedding = (out: string): Promise<number> =>
    ced(['embed', clip, '--model', join(root, 'model'), '--out', out]);
  const names = Object.keys(programs) as (keyof typeof programs)[];
  const complaint = async (name: keyof typeof programs, out: string): Promise<string> => {
    try {
      await programs[name](out);
      return 'none';
    } catch (error) {
      return describeFailure(error);
    }
  };
  /** A disk in `disk`, where this process may mount one. */
  const mounted = (): SmallDisk | null => {
    mkdirSync(join(folder, 'disk'));
    try {
      return (disk = mountDisk(join(folder, 'disk')));
    } catch {
      return null;
    }
  };
  const left = (place: string): string[] =>
    (readdirSync(place, { recursive: true }) as string[]).sort();

  it.each(names)('is named by %s where a file is in the place of a folder', async (name) => {
    writeFileSync(join(folder, 'file'), 'kept');
    const said = await complaint(name, join(folder, 'file', 'deep', 'out'));
    expect(said).toContain(join(folder, 'file', 'deep'));
    expect(said).toMatch(/file is a file, not a folder; choose another place|ENOTDIR.*--out/);
    expect(left(folder)).toEqual(['file']);
  });

  it.each(names)('is named by %s in a file system that refuses new names', async (name) => {
    const said = await complaint(name, '/proc/ced-out/here');
    expect(said).toMatch(/\/proc\/ced-out/);
    expect(said).toMatch(/choose another place with --out$/);
  });

  it.each(names)('is named by %s on a read-only file system', async (name) => {
    if (mounted() === null) return;
    mkdirSync(join(folder, 'disk', 'there'));
    execFileSync('mount', ['-o', 'remount,ro', join(folder, 'disk')]);
    const said = await complaint(name, join(folder, 'disk', 'there', 'out'));
    expect(said).toContain(join(folder, 'disk', 'there'));
    expect(said).toMatch(/EROFS.*choose another place with --out$/);
  });

  it.each(names.filter((name) => !/^(init|teach)/.test(name)))(
    'is named by %s on a full disk, where nothing is left behind',
    async (name) => {
      const full = mounted();
      if (full === null) return;
      full.fill();
      const said = await complaint(name, join(folder, 'disk', 'out'));
      expect(said).toContain(join(folder, 'disk', 'out'));
      expect(said).toMatch(/\(ENOSPC\): no space is left; free space there, or choose another/);
      expect(left(join(folder, 'disk'))).toEqual(['.writing-ballast']);
    },
  );

  it('is named where a folder, a pipe or a device is in the place of a file', async () => {
    mkdirSync(join(folder, 'model.onnx'));
    mkdirSync(join(folder, 'rows.parquet'));
    mkdirSync(join(folder, 'rows.rows.csv'));
    execFileSync('mkfifo', [join(folder, 'pipe.onnx')]);
    const before = left(folder);
    const model = ['--model', join(root, 'model')];
    const refused = async (...argv: string[]): Promise<string> =>
      await ced([...argv, ...model]).then(String, describeFailure);
    for (const [command, name, what] of [
      [['export'], 'model.onnx', 'a folder'],
      [['export'], 'nowhere/', 'a folder'],
      [['export'], 'pipe.onnx', 'a named pipe'],
      [['embed', clip], 'rows.parquet', 'a folder'],
    ] as [string[], string, string][]) {
      const out = join(folder, name);
      expect(await refused(...command, '--out', out)).toBe(
        `${out} cannot be written: it is ${what}; name a file`,
      );
    }
    expect(await refused('export', '--out', '/dev/null')).toBe(
      '/dev/null cannot be written: it is a device; name a file',
    );
    // The second of two files: the first is not left unfinished.
    expect(await refused('embed', clip, '--out', join(folder, 'rows.npy'))).toBe(
      `${join(folder, 'rows.rows.csv')} cannot be written: it is a folder; name a file`,
    );
    expect(left(folder)).toEqual(before);
  });

  it('leaves the folders alone that were there, and none of those that were made', async () => {
    mkdirSync(join(folder, 'there'));
    const long = 'x'.repeat(300);
    const contents = ['there/new/a', `there/new/deep/${long}`].map(
      (name) => [join(folder, name), 'text'] as const,
    );
    await expect(writeWhole(contents)).rejects.toThrow(/its name is too long; choose a shorter/);
    expect(left(folder)).toEqual(['there']);
  });

  it('is none where another program tries the same folder at the same moment', () => {
    mkdirSync(join(folder, '.ced-writable'));
    for (const out of [folder, join(folder, 'deep', 'out')])
      expect(() => refuseUnwritable(out)).not.toThrow();
    expect(left(folder)).toEqual(['.ced-writable']);
  });

  it('ends the making of a folder or an object with an error, below /proc', async () => {
    await expect(makeFolder('/proc/ced-store/deep')).rejects.toThrow(
      /(?:ENOENT|EACCES|EPERM).*\/proc\/ced-store/,
    );
    const store = new FolderStore('/proc/ced-store', { retry: { retryForMs: 0 } });
    await expect(store.create('a/b', Buffer.from('c'))).rejects.toThrow(/\/proc\/ced-store/);
  });
});
