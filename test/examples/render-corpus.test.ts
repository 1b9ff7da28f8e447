import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { renderCorpus } from '../../examples/instruments/render/corpus';
import { SETS } from '../../examples/instruments/render/recipe';

const tiny = SETS.demo.map((split) => ({ ...split, clips: split.name === 'train' ? 4 : 2 }));
const compiled = path.join(__dirname, '../../dist/examples/instruments/render');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'instruments-'));
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function contents(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(path.join(root, file)).isFile(),
  );
  return Object.fromEntries(
    files.sort().map((file) => [file, readFileSync(path.join(root, file)).toString('base64')]),
  );
}

describe('rendering the corpus into a folder', () => {
  it('writes tables, vocabulary, audio and, last, a manifest', async () => {
    const report = await renderCorpus(folder, tiny, 1);
    expect(report).toMatchObject({ clips: 8, rendered: 8 });
    expect(readdirSync(folder).sort()).toEqual(
      [
        'audio',
        'eval.jsonl',
        'manifest.json',
        'recipe.json',
        'train.jsonl',
        'validation.jsonl',
        'vocabulary.csv',
      ].sort(),
    );
    for (const line of readFileSync(path.join(folder, 'train.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')) {
      const { audio } = JSON.parse(line) as { audio: string };
      expect(statSync(path.join(folder, audio)).size).toBe(44 + 2 * 4 * 16_000);
    }
  });

  it('leaves a finished folder alone', async () => {
    await renderCorpus(folder, tiny, 1);
    expect(await renderCorpus(folder, tiny, 1)).toMatchObject({ clips: 8, rendered: 0 });
  });

  it('completes an interrupted folder with the same bytes, rendering only the rest', async () => {
    await renderCorpus(folder, tiny, 1);
    const whole = contents(folder);
    rmSync(path.join(folder, 'manifest.json'));
    rmSync(path.join(folder, 'audio/train/train-00002.wav'));
    truncateSync(path.join(folder, 'audio/eval/eval-00001.wav'), 1_000);
    expect(await renderCorpus(folder, tiny, 1)).toMatchObject({ rendered: 2 });
    expect(contents(folder)).toEqual(whole);
  });

  it('renders a folder of another recipe anew', async () => {
    await renderCorpus(folder, tiny, 1);
    const whole = contents(folder);
    writeFileSync(
      path.join(folder, 'audio/train/train-00000.wav'),
      Buffer.alloc(44 + 2 * 4 * 16_000),
    );
    for (const name of ['manifest.json', 'recipe.json'])
      writeFileSync(path.join(folder, name), '{"recipe":"of last year"}');
    expect(await renderCorpus(folder, tiny, 1)).toMatchObject({ rendered: 8 });
    expect(contents(folder)).toEqual(whole);
  });

  it('refuses the folder of a running renderer and takes over that of a dead one', async () => {
    const claim = path.join(folder, 'rendering.pid');
    writeFileSync(claim, String(process.ppid));
    await expect(renderCorpus(folder, tiny, 1)).rejects.toThrow(
      `is being rendered by process ${process.ppid}`,
    );
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(claim, String(pid));
    expect(await renderCorpus(folder, tiny, 1)).toMatchObject({ rendered: 8 });
    expect(existsSync(claim)).toBe(false);
  });

  it('gives the same bytes with three processes as with one', async () => {
    await renderCorpus(folder, tiny, 1);
    const other = path.join(folder, 'other');
    const script = `const { renderCorpus } = require('./corpus.js');
      renderCorpus(process.argv[1], JSON.parse(process.argv[2]), 3)`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['-e', script, other, JSON.stringify(tiny)],
      {
        cwd: compiled,
        encoding: 'utf8',
      },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const forked = contents(other);
    rmSync(other, { recursive: true });
    expect(forked).toEqual(contents(folder));
  });
});

describe('the command', () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [path.join(compiled, 'main.js'), ...args], { encoding: 'utf8' });

  it('explains itself', () => {
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--out DIR') as string,
    });
  });

  it.each([
    [['--set', 'demo'], '--out: nothing given, expected the folder to render into\n'],
    [['--out', 'x', '--set', 'piano'], '--set piano: expected demo, teach or more\n'],
    [['--out', 'x', '--jobs', '0'], '--jobs 0: expected a whole number above 0\n'],
  ])('refuses %j in one line', (args, message) => {
    expect(run(...args)).toMatchObject({ status: 1, stderr: message });
  });
});
