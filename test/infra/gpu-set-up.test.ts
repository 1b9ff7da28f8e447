import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { SetupClone } from '../support/setup-clone';

describe('set-up for a GPU', () => {
  let clone: SetupClone;
  beforeEach(() => (clone = new SetupClone()));
  afterEach(() => clone.remove());

  /** `npm run setup` where Node is the only program, so that nothing can be downloaded. */
  const setUp = (...args: string[]): { status: number | null; stderr: string } =>
    clone.setUp(args, { PATH: clone.bin });
  const variant = (): string | null => {
    const path = join(clone.root, '.ced', 'tensorflow-variant');
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  };

  it('fails and changes nothing where no GPU is found', () => {
    expect(setUp('--gpu', '--parts', 'tensorflow')).toMatchObject({
      status: 1,
      stderr:
        'error: no NVIDIA GPU is here: nvidia-smi, which comes with the driver, is not on the ' +
        'PATH. Nothing was changed. --allow-cpu sets up the CUDA library all the same, for an ' +
        'image that is built without a GPU; --cpu sets up the CPU library\n',
    });
    expect(variant()).toBeNull();
  });

  it('warns and goes on with --allow-cpu', () => {
    const { status, stderr } = setUp('--gpu', '--allow-cpu', '--parts', 'tensorflow', '--quiet');
    expect(stderr).toMatch(/^WARNING: no NVIDIA GPU is here: .*: --allow-cpu, the CUDA library/);
    // The next step is the download, which needs pip.
    expect(stderr).toMatch(/error: python3 is missing/);
    expect(status).toBe(1);
    expect(variant()).toBe('gpu\n');
  });

  it('goes on without a warning where the driver lists a GPU', () => {
    const driver = join(clone.bin, 'nvidia-smi');
    writeFileSync(driver, `#!/bin/sh\necho 'GPU 0: NVIDIA L4 (UUID: GPU-aaaa)'\n`);
    chmodSync(driver, 0o755);
    const { stderr } = setUp('--gpu', '--parts', 'tensorflow', '--quiet');
    expect(stderr).toMatch(/^error: python3 is missing/);
    expect(variant()).toBe('gpu\n');
  });

  it.each([
    [['--allow-cpu'], 'error: --allow-cpu goes with --gpu\n'],
    [['--gpu', '--cpu'], 'error: --gpu --cpu: expected one of them\n'],
  ])('refuses %j', (args, message) => {
    expect(setUp(...args)).toMatchObject({ status: 1, stderr: message });
  });
});

describe('a worker of a clone that was set up for a GPU', () => {
  let clone: SetupClone;
  beforeAll(() => {
    clone = new SetupClone();
    clone.copyCompiled();
    clone.choose('gpu');
  });
  afterAll(() => clone.remove());

  const worker = (...args: string[]): { status: number | null; stderr: string } =>
    spawnSync(
      process.execPath,
      [
        join(clone.root, 'dist/workers/main.js'),
        ...['--address', '127.0.0.1:1', '--log', 'text', '--root', clone.root, ...args],
      ],
      { encoding: 'utf8' },
    );

  it('does not start where TensorFlow finds none', () => {
    for (const queue of ['gpu', 'all']) {
      const { status, stderr } = worker('--queue', queue);
      expect(stderr).toMatch(/^worker: NO GPU: TensorFlow was set up for a GPU and found none/);
      expect(stderr).toMatch(/--allow-cpu computes on the CPU all the same/);
      expect(status).toBe(1);
    }
  });

  it('warns and starts with --allow-cpu', () => {
    const { stderr } = worker('--queue', 'gpu', '--allow-cpu');
    expect(stderr).toMatch(/NO GPU: .*--allow-cpu: computing on the CPU/);
    expect(stderr).toMatch(/worker: no Temporal server answers at 127\.0\.0\.1:1/);
  });

  it('needs none for the cpu queue', () => {
    expect(worker('--queue', 'cpu').stderr).toMatch(/^worker: no Temporal server answers/);
  });
});

describe('what XLA needs to compile for a GPU', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-cuda-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const [tools, path] = [join(folder, 'cuda_nvcc'), join(folder, 'lib', 'cuda')];
  const link = (from: string): void => {
    const module = join(repositoryRoot, 'infra', 'setup', 'tensorflow.mjs');
    const code =
      `import { linkCuda } from ${JSON.stringify(module)};` +
      `linkCuda(${JSON.stringify(from)}, ${JSON.stringify(path)});`;
    execFileSync(process.execPath, ['--input-type=module', '-e', code]);
  };

  it('is linked where the engine looks, may be run, and goes with the CUDA library', () => {
    mkdirSync(join(tools, 'bin'), { recursive: true });
    writeFileSync(join(tools, 'bin', 'ptxas'), '', { mode: 0o644 });
    link(tools);
    expect(statSync(join(path, 'bin', 'ptxas')).mode & 0o111).toBe(0o111);
    link(join(folder, 'nothing'));
    expect(existsSync(path)).toBe(false);
  });
});
