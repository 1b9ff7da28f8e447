import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/**
 * Set-up is plain JavaScript that runs before any package is there, so each test runs it in a Node
 * of its own, with a cache folder of its own.
 */
describe('set-up', () => {
  let cache: string;
  beforeEach(() => (cache = mkdtempSync(join(tmpdir(), 'ced-cache-'))));
  afterEach(() => rmSync(cache, { recursive: true, force: true }));

  /** Runs statements that may use the module's exports as `m`; returns what they print. */
  function withModule(
    name: string,
    statements: string,
    env: Record<string, string> = {},
  ): Promise<string> {
    const module = JSON.stringify(join(repositoryRoot, 'infra/setup', name));
    const script = `import(${module}).then(async (m) => {
      const { writeFileSync } = require('node:fs');
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      ${statements} });`;
    return node(['-e', script], { CED_CACHE: cache, ...env });
  }

  const buildSlowly = `await m.cached('entry-1', console.log, async (folder) => {
    console.log('building');
    await sleep(700);
    writeFileSync(folder + '/file', 'whole');
  });`;

  it("leaves out the demo's audio for run files that do not read it", async () => {
    writeFileSync(join(cache, 'own.json'), '{"corpus": {"train": "own/train.jsonl"}}');
    const parts = (args: string): Promise<string> =>
      withModule('../run.mjs', `console.log(m.partsFor(['temporal', 'demo'], ${args}).join());`);
    const own = JSON.stringify(join(cache, 'own.json'));
    expect(await parts(`['--run', ${own}]`)).toBe('temporal\n');
    expect(await parts(`['--json', '--run=' + ${own}]`)).toBe('temporal\n');
    expect(await parts("['--run', 'examples/instruments/teach.json']")).toBe('temporal,demo\n');
    expect(await parts(`['--run', 'examples/instruments/teach.json', '--run', ${own}]`)).toBe(
      'temporal\n',
    );
    writeFileSync(
      join(cache, 'own.json'),
      '{"store": "data/instruments", "corpus": {"train": "/data/instruments/train.jsonl"}}',
    );
    expect(await parts(`['--run', ${own}]`)).toBe('temporal\n');
    expect(await parts('[]')).toBe('temporal,demo\n');
  });

  it('gets onnxruntime for commands that run an exported file, and for those alone', async () => {
    const parts = (name: string, ...args: string[]): Promise<string> =>
      withModule(
        '../run.mjs',
        `console.log(m.partsOfCommand(${JSON.stringify(name)}, ${JSON.stringify(args)}).join());`,
      );
    expect(await parts('export', '--out', 'x.onnx', '--int8')).toBe('onnx\n');
    expect(await parts('export', '--eval=table.jsonl')).toBe('onnx\n');
    expect(await parts('export', '--out', 'x.onnx')).toBe('\n');
    expect(await parts('tag', 'a.wav')).toBe('tensorflow\n');
    expect(await parts('init', '--int8')).toBe('\n');
  });

  it('names a place where its cache cannot be made', async () => {
    writeFileSync(join(cache, 'file'), '');
    const said = async (place: string): Promise<string> =>
      await withModule(
        'cache.mjs',
        'try { m.makeCacheFolder(); } catch (error) { console.log(error.message); }',
        { CED_CACHE: place },
      );
    for (const place of [join(cache, 'file'), join(cache, 'file/deep'), '/proc/ced/deep'])
      expect(await said(place)).toMatch(
        /^the cache cannot be made: E.*; name another place with CED_CACHE\n$/,
      );
    expect(await said(join(cache, 'new/deep'))).toBe('');
    expect(readdirSync(join(cache, 'new'))).toEqual(['deep']);
  });

  it('builds an entry of the cache once', async () => {
    expect(await withModule('cache.mjs', buildSlowly + buildSlowly)).toBe('building\n');
    expect(readFileSync(join(cache, 'entry-1/file'), 'utf8')).toBe('whole');
  });

  it('builds an entry once when two set-ups run at the same time', async () => {
    // The build ends once the other set-up waits for it, however late that starts.
    const seen = JSON.stringify(join(cache, 'seen'));
    const build = `const report = (line) => {
      console.log(line);
      if (line.startsWith('waiting for another set-up')) writeFileSync(${seen}, '');
    };
    await m.cached('entry-1', report, async (folder) => {
      console.log('building');
      while (!require('node:fs').existsSync(${seen})) await sleep(50);
      writeFileSync(folder + '/file', 'whole');
    });`;
    const outputs = await Promise.all([
      withModule('cache.mjs', build),
      withModule('cache.mjs', build),
    ]);
    expect(outputs.join('').match(/^building$/gm)).toHaveLength(1);
    expect(outputs.join('')).toMatch(/waiting for another set-up \(process \d+ on/);
  });

  it('leaves nothing like an entry when it is killed, and clears up the next time', async () => {
    const killed = `await m.cached('entry-1', console.log, async (folder) => {
      writeFileSync(folder + '/file', 'half');
      process.kill(process.pid, 'SIGKILL');
    });`;
    await expect(withModule('cache.mjs', killed)).rejects.toThrow();
    expect(readdirSync(cache)).not.toContain('entry-1');
    expect(await withModule('cache.mjs', buildSlowly)).toBe('building\n');
    expect(readdirSync(cache)).toEqual(['entry-1']);
  });

  it('puts a link where a hand-made folder stood, once', async () => {
    mkdirSync(join(cache, 'target'));
    mkdirSync(join(cache, 'place'));
    const link = `console.log(m.linkInPlace('${cache}/target', '${cache}/place'));`;
    expect(await withModule('cache.mjs', link + link)).toBe('true\nfalse\n');
    expect(readdirSync(cache)).toEqual(['place', 'target']);
  });

  it.each([
    [
      'g++',
      "m.need('g++')",
      'g++ is missing: install a C++17 compiler (Debian/Ubuntu: apt-get install g++)',
    ],
    [
      'go',
      "m.need('go')",
      'go is missing: install Go 1.21 or newer, or put the Temporal CLI (`temporal`) on the PATH',
    ],
    ['python3', 'm.needPip()', 'python3 is missing: install Python 3'],
  ])('names %s when it is missing, and how to get it', async (_tool, statement, message) => {
    const bare = join(cache, 'bin');
    mkdirSync(bare);
    symlinkSync(process.execPath, join(bare, 'node'));
    const printed = await withModule(
      'tools.mjs',
      `try { ${statement} } catch (error) { console.log(error.message) }`,
      { PATH: bare },
    );
    expect(printed).toContain(message);
  });

  it('says which file is not the published source before it compiles a changed one', async () => {
    for (const name of readdirSync(
      join(repositoryRoot, 'node_modules/@tensorflow/tfjs-node-gpu/binding'),
    ))
      writeFileSync(join(cache, name), 'changed');
    const printed = await withModule(
      'binding-source.mjs',
      `try { m.writeEditedSources('${cache}', '${cache}') } catch (error) { ` +
        'console.log(error.message) }',
    );
    expect(printed).toBe(
      `${cache} does not hold the published sources: remove node_modules and run set-up again\n`,
    );
  });

  it('prints its help and refuses an option it does not know', async () => {
    const run = join(repositoryRoot, 'infra/run.mjs');
    expect(await node([run, 'setup', '--help'])).toContain('$CED_CACHE');
    await expect(node([run, 'setup', '--gup'])).rejects.toThrow(
      "error: Unknown option '--gup' (did you mean --gpu?); see npm run setup -- --help",
    );
    await expect(node([run, 'setup', '--parts', 'tensorflw'])).rejects.toThrow(
      'expected tensorflow, onnx, temporal, demo (did you mean tensorflow?)',
    );
  });
});

function node(args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
}
