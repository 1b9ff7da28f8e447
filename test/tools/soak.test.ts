import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { engineEnvironment } from '../../ced/engine/environment';
import { repositoryRoot } from '../../infra/toolchain';

/** Runs `npm run soak`'s program. */
function soak(...args: string[]): { status: number | null; lines: string[]; complaints: string } {
  const program = join(repositoryRoot, 'dist', 'tools', 'soak', 'main.js');
  const env = { ...process.env, ...engineEnvironment() };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, lines: stdout.trim().split('\n'), complaints: stderr };
}

describe('a soak', () => {
  it('of steps keeps the number of tensors constant, and prints progress and outcome', () => {
    const { status, lines } = soak('--steps', '100');
    expect(lines.at(-2)).toMatch(
      /^step 100 of 100: \d+ tensors, \d+ MB resident, loss 0\.\d+, [\d.]+ steps\/s, ETA 0:00$/,
    );
    expect(lines.at(-1)).toMatch(
      /^passed: 100 steps, tensors constant, memory grew by -?[\d.]+ MB/,
    );
    expect(status).toBe(0);
  });

  it('of starts forks an engine each time, with the same model and an empty stderr', () => {
    const { status, lines, complaints } = soak('--starts', '3');
    expect(lines.at(-2)).toBe('start 3 of 3: 0 failed, ETA 0:00');
    expect(lines.at(-1)).toMatch(/^passed: 3 starts of 10 steps, 0 failed, model [0-9a-f]{64}$/);
    expect(complaints).toBe('');
    expect(status).toBe(0);
  });

  it('refuses what it does not know', () => {
    expect(soak('--starts', 'many')).toMatchObject({
      status: 1,
      complaints: 'error: --starts many: expected a whole number above 0\n',
    });
    expect(soak('--starts', '1', '--steps', '1').complaints).toMatch(/give one of them/);
  });
});
