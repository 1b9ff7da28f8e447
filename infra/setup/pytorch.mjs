// PyTorch, which the benchmarks measure our engine against. Nothing at run time needs it. Its index
// of CPU wheels is tried first (200 MB); the default index has CUDA wheels only (3 GB with the
// nvidia packages that PyTorch needs to load).
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, needPip } from './tools.mjs';

// A lower bound: it has torch.compile, fused Adam on the CPU and autocast to bfloat16; a newer
// version makes a fairer comparison.
export const pytorchPackages = ['torch>=2.6', 'numpy>=1.26', 'setuptools'];
const cpuIndex = 'https://download.pytorch.org/whl/cpu';
const interpreter = `#!/bin/sh
PYTHONPATH="$(dirname "$0")/packages" exec python3 "$@"
`;

/**
 * @param gpu true: with its CUDA libraries, which the default index has.
 * @returns the path of an interpreter that can import torch
 */
export async function installPyTorch(report, gpu = false) {
  const entry = await cached(
    `pytorch-${gpu ? 'gpu-' : ''}${shortHash(pytorchPackages.join(), interpreter)}`,
    report,
    async (folder) => {
      needPip();
      const target = join(folder, 'packages');
      const install = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-cache-dir',
        '--only-binary=:all:',
        '--target',
        target,
      ];
      if (!gpu && (await isReachable(`${cpuIndex}/torch/`))) {
        report('installing PyTorch for the benchmarks (200 MB)');
        await execute('Installing PyTorch', 'python3', [
          ...install,
          '--index-url',
          cpuIndex,
          ...pytorchPackages,
        ]);
      } else {
        report(
          'installing PyTorch for the benchmarks, with the CUDA libraries that come with it (3 GB)',
        );
        await execute('Installing PyTorch', 'python3', [...install, ...pytorchPackages]);
      }
      writeFileSync(join(folder, 'python'), interpreter);
      chmodSync(join(folder, 'python'), 0o755);
    },
  );
  return join(entry, 'python');
}

async function isReachable(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(10_000) })).ok;
  } catch {
    return false;
  }
}
