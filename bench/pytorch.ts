/** PyTorch, installed in the set-up cache on the first use. */
import { join } from 'node:path';
import { repositoryRoot } from '../infra/toolchain';

interface Installer {
  installPyTorch: (report: (line: string) => void, gpu: boolean) => Promise<string>;
}

/** @returns path of a Python interpreter that can import torch */
export async function installedPyTorch(gpu = false): Promise<string> {
  const module = join(repositoryRoot, 'infra', 'setup', 'pytorch.mjs');
  const { installPyTorch } = (await import(module)) as Installer;
  return await installPyTorch((line) => process.stderr.write(`bench: ${line}\n`), gpu);
}
