/** The package as `npm pack` makes it, installed into an empty project. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
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
import { freePort } from '../../infra/free-port';
import { repositoryRoot } from '../../infra/toolchain';
import { Cluster } from '../support/cluster';
import { documentedCommands } from '../support/documented-commands';

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
    writeFileSync(join(project, 'tsconfig.consumer.json'), JSON.stringify(settings));
    const compiler = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(run('node', compiler, '-p', 'tsconfig.consumer.json')).toBe('');
  });

  describe('its examples, by the commands of their READMEs', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await Cluster.start();
      const [install = ''] = documentedCommands('child-workflow').filter((command) =>
        command.startsWith('npm install --save-dev '),
      );
      const words = install.split(' ').slice(1);
      run('npm', ...words, '--prefer-offline', '--no-audit', '--no-fund');
    });
    afterAll(() => cluster?.stop());

    const folderOf = (example: string): string => join(project, example);

    /** What the commands print, without those that install and the server, which are here. */
    function follow(example: string, port = ''): string {
      mkdirSync(folderOf(example));
      symlinkSync('../node_modules', join(folderOf(example), 'node_modules'));
      const commands = documentedCommands(example).filter(
        (command) => !/^(npm |npx ced server )/.test(command),
      );
      const script = [
        'set -e',
        "trap 'kill $(jobs -p); wait' EXIT",
        ...commands.map((command) => command.replaceAll('8080', port)),
      ];
      const { status, stdout, stderr } = spawnSync('bash', ['-c', script.join('\n')], {
        cwd: folderOf(example),
        encoding: 'utf8',
        env: { ...process.env, TEMPORAL_ADDRESS: cluster.address },
      });
      if (status !== 0) throw new Error(`${example}: ${stdout}${stderr}`);
      return stdout;
    }

    it('a distillation is the child of another workflow, on the worker of a user', async () => {
      const told = /nightly: small of \d+ parameters, models\/[0-9a-f]{64}/;
      expect(follow('child-workflow')).toMatch(told);
      expect(readFileSync(join(folderOf('child-workflow'), 'announced.txt'), 'utf8')).toMatch(told);
      const child = cluster.client.workflow.getHandle('nightly-distillation');
      const { raw } = await child.describe();
      expect(raw.workflowExecutionInfo?.parentExecution?.workflowId).toBe('nightly');
    });

    it('an activity of the user leaves training clips out, and the run says so', () => {
      const folder = folderOf('leave-clips-out');
      const printed = follow('leave-clips-out').trim().split('\n').at(-1)!;
      const { selection, student } = JSON.parse(printed) as Printed;
      expect(selection).toMatchObject({ activity: 'leaveOutUncertain', taskQueue: 'selection' });
      expect(selection.clips).toBe(6);
      const store = join(folder, 'runs/selected');
      const published = join(store, 'runs/selected');
      const [id = ''] = readdirSync(published).filter((name) => name.includes('-'));
      const rows = readFileSync(join(published, id, 'left-out.jsonl'), 'utf8')
        .trim()
        .split('\n');
      expect(rows.map((row) => (JSON.parse(row) as { clip: string }).clip)).toEqual(
        selection.examples,
      );
      expect(readFileSync(join(published, 'report.html'), 'utf8')).toContain(
        'Students learn without 6 training clips, as the activity leaveOutUncertain',
      );
      const [key = ''] = readdirSync(join(store, 'training'));
      const manifest = readFileSync(join(store, 'training', key, 'manifest.json'), 'utf8');
      const { sha256, rowsTrained, leftOutClips } = JSON.parse(manifest) as Manifest;
      expect(student).toBe(`models/${sha256}`);
      // Two epochs of the 18 clips that are left.
      expect([leftOutClips, rowsTrained]).toEqual([6, 36]);
    });

    it('a service tags uploads, within limits and on loopback', async () => {
      const port = String(await freePort());
      expect(follow('tagging-service', port)).toMatch(/^0-1 s: \S.* 0\.\d{3}, /m);

      const folder = folderOf('tagging-service');
      const service: ChildProcess = spawn(process.execPath, ['service.js', 'model.onnx', port], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [ready] = (await once(service.stdout!, 'data')) as [Buffer];
        expect(ready.toString()).toBe(`ready at http://127.0.0.1:${port}\n`);
        const url = `http://127.0.0.1:${port}/tags`;
        const post = async (body: Uint8Array): Promise<number> =>
          (await fetch(url, { method: 'POST', body: Buffer.from(body) })).status;
        expect((await fetch(url)).status).toBe(404);
        expect(await post(Buffer.from('not audio'))).toBe(415);
        expect(await post(Buffer.from('RIFF\0\0\0\0WAVEnothing'))).toBe(422);
        // It answers before it has read all of them, and then closes.
        expect(await post(new Uint8Array(20_000_001)).catch(() => 413)).toBe(413);
        const audio = readFileSync(join(folder, 'data/audio/train-1.wav'));
        const answers = await Promise.all([post(audio), post(audio)]);
        expect(answers).toEqual([200, 200]);
      } finally {
        service.kill();
        await once(service, 'exit');
      }
    });
  });
});

interface Printed {
  selection: { activity: string; taskQueue: string; clips: number; examples: string[] };
  student: string;
}

interface Manifest {
  sha256: string;
  rowsTrained: number;
  leftOutClips: number;
}
