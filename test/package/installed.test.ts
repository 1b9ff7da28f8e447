/** The package as `npm pack` makes it, installed into an empty project. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

const ENTRIES = ['contract', 'client', 'worker', 'workflows', 'tagger', 'formats'];

describe('the package in an empty project', () => {
  const project = mkdtempSync(join(tmpdir(), 'ced-project-'));
  let packed = '';

  /** Runs a program in the project; its standard output, and what it says where it fails. */
  function run(program: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  beforeAll(() => {
    // The tool refuses a tarball over 3 MB, and one that publint or attw complains of.
    const tool = join(repositoryRoot, 'tools', 'package.mjs');
    packed = execFileSync(process.execPath, [tool, '--out', project], { encoding: 'utf8' });
    const tarball = packed.trim().split('\n').at(-1)!;
    writeFileSync(join(project, 'package.json'), '{"name": "theirs", "private": true}');
    run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball);
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('has a command that knows its version and needs no set-up for it', () => {
    expect(run('npx', 'ced', '--version')).toMatch(/^ced \d+\.\d+\.\d+ \(Node /);
    expect(run('npx', 'ced', 'help', 'start')).toMatch(/^npx ced start \[options\]/);
    expect(existsSync(join(project, 'node_modules/@tensorflow'))).toBe(false);
  });

  it('refuses wrong arguments before it sets anything up', () => {
    const refused = spawnSync('npx', ['ced', 'start', '--run', 'none.json'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, CED_CACHE: join(project, 'cache') },
    });
    expect(refused.stderr).toMatch(/^error: run file none\.json cannot be read/);
    expect(existsSync(join(project, 'cache', 'corpora'))).toBe(false);
  });

  it.each(ENTRIES)('%s is imported by CommonJS and by ES modules without TensorFlow', (entry) => {
    const program = (load: string): string =>
      `${load}.then((module) => {
        const loaded = Object.keys(require('node:module')._cache);
        console.log(JSON.stringify([
          Object.keys(module).filter((name) => !/^(default|module.exports|__esModule)$/.test(name)),
          loaded.some((file) => file.includes('tfjs') || file.endsWith('.node')),
        ]));
        process.exit();
      })`;
    const specifier = JSON.stringify(`ced-distillation/${entry}`);
    const required = run('node', '-e', program(`Promise.resolve(require(${specifier}))`));
    const [names, hasNative] = JSON.parse(required) as [string[], boolean];
    expect(names.length).toBeGreaterThan(0);
    // Temporal's worker has a native part of its own.
    expect(hasNative).toBe(entry === 'worker');
    const [imported] = JSON.parse(run('node', '-e', program(`import(${specifier})`))) as [string[]];
    expect(imported.sort()).toEqual(names.sort());
  });

  it('type-checks in a project with strict settings', () => {
    const consumer = readFileSync(join(__dirname, 'consumer.ts'), 'utf8');
    const theirs = consumer.replaceAll("'../../package/", "'ced-distillation/");
    writeFileSync(join(project, 'consumer.ts'), theirs);
    const settings = {
      compilerOptions: {
        module: 'node20',
        target: 'es2023',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: true,
        types: ['node'],
        typeRoots: [join(repositoryRoot, 'node_modules', '@types')],
      },
      files: ['consumer.ts'],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(run('node', compiler, '-p', '.')).toBe('');
  });
});
