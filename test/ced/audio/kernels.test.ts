import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

describe('compiled kernels', () => {
  it('are what their AssemblyScript compiles to', () => {
    const compiler = join(__dirname, '../../../tools/compile-kernels.mjs');
    const { status, stderr } = spawnSync(process.execPath, [compiler, '--check'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
