import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

describe('the check of a GPU', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-gpu-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const node = (
    args: string[],
    env: Record<string, string>,
  ): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  const driver = (script: string): void => {
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
  };
  const gpus = (env: Record<string, string> = {}): string => {
    const { stdout, stderr } = node(
      [
        '-e',
        `import(${JSON.stringify(join(repositoryRoot, 'infra/setup/gpus.mjs'))})
          .then((m) => console.log(m.visibleGpus().join()), console.error)
          .catch((e) => console.log(e.message))`,
      ],
      { PATH: `${folder}:/bin`, ...env },
    );
    return `${stdout}${stderr}`.trim();
  };

  it('says that no GPU is here, with exit code 1 and before anything is done', () => {
    const variant = join(repositoryRoot, '.ced', 'tensorflow-variant');
    const before = existsSync(variant) ? readFileSync(variant, 'utf8') : null;
    const { status, stdout, stderr } = node([join(repositoryRoot, 'tools', 'gpu-check.mjs')], {
      PATH: dirname(process.execPath),
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'error: no NVIDIA GPU is here: nvidia-smi, which comes with the driver, is not on ' +
        'the PATH\n',
    });
    expect(existsSync(variant) ? readFileSync(variant, 'utf8') : null).toBe(before);
  });

  it('lists its steps without a GPU: each way of computing, against each way of PyTorch', () => {
    const list = (...args: string[]): string[] => {
      const check = join(repositoryRoot, 'tools', 'gpu-check.mjs');
      const { status, stdout } = node([check, '--list', ...args], { PATH: '' });
      expect(status).toBe(0);
      return stdout.trimEnd().split('\n');
    };
    const all = 'bench engine forward frontend loop --gpu --batch 128';
    expect(list()).toEqual([
      'the engine on the GPU: a product',
      'parity: test --runInBand test/ced/parity test/ced/engine test/ced/model test/ced/training',
      `the table against PyTorch: chains compiled by XLA: ${all}`,
      `the table against PyTorch: kernel by kernel: CED_GPU_XLA=0 ${all}`,
      `the table against PyTorch: products in TF32 on both sides: CED_GPU_TF32=1 ${all}`,
      'the table against PyTorch: memory that is copied to the GPU not pinned: ' +
        'CED_GPU_PINNED=0 bench loop frontend --gpu --batch 128',
      'what a step should start and move: bench traffic',
    ]);
    expect(list('--batch', '64')[2]).toMatch(/--gpu --batch 64$/);
  });

  it('of two peers says in one line that two GPUs are needed, and does nothing else', () => {
    const check = (env: Record<string, string>): unknown => {
      const { status, stdout, stderr } = node(
        [join(repositoryRoot, 'tools', 'gpu-check.mjs'), '--peers'],
        env,
      );
      return { status, stdout, stderr };
    };
    const needs = 'peers: not checked, since it takes two GPUs: ';
    expect(check({ PATH: dirname(process.execPath) })).toEqual({
      status: 0,
      stdout:
        `${needs}no NVIDIA GPU is here: nvidia-smi, which comes with the driver, is not on the ` +
        'PATH\n',
      stderr: '',
    });
    driver(`echo 'GPU 0: NVIDIA L4 (UUID: GPU-aaaa)'`);
    expect(check({ PATH: `${folder}:/bin` })).toEqual({
      status: 0,
      stdout: `${needs}one is visible (NVIDIA L4)\n`,
      stderr: '',
    });
  });

  it('sees the GPUs that the driver lists and CUDA_VISIBLE_DEVICES leaves', () => {
    driver(`echo 'GPU 0: NVIDIA H100 (UUID: GPU-aaaa)'; echo 'GPU 1: NVIDIA L4 (UUID: GPU-bbbb)'`);
    expect(gpus()).toBe('NVIDIA H100,NVIDIA L4');
    expect(gpus({ CUDA_VISIBLE_DEVICES: '1' })).toBe('NVIDIA L4');
    expect(gpus({ CUDA_VISIBLE_DEVICES: 'GPU-bb,0' })).toBe('NVIDIA L4,NVIDIA H100');
    expect(gpus({ CUDA_VISIBLE_DEVICES: '0,7,1' })).toBe('NVIDIA H100');
    expect(gpus({ CUDA_VISIBLE_DEVICES: '' })).toMatch(
      /no GPU is visible: CUDA_VISIBLE_DEVICES= chooses none of the 2 here/,
    );
    expect(gpus({ CUDA_VISIBLE_DEVICES: '-1' })).toMatch(/no GPU is visible/);
  });

  it('takes a driver that lists nothing, or fails, for no GPU', () => {
    driver('exit 9');
    expect(gpus()).toMatch(/nvidia-smi -L lists none/);
  });
});
