import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/**
 * A slice of `npm run bench -- scale` that shows that the benchmark works. A history long enough to
 * continue as new would take minutes.
 */
describe('the scale bench', () => {
  it('runs a small corpus whole and a large one from two cursors within every limit', () => {
    const args = [
      'scale',
      '--shards',
      '20',
      '--epochs',
      '5',
      '--slice-shards',
      '60',
      '--cursors',
      '2',
    ];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(repositoryRoot, 'dist/bench/main.js'), ...args],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
    expect(rows).toHaveLength(5);
    // 20 + 2 × 40 shards, 20 + 20 of logits, 4 students, 10 scores, 4 more.
    expect(rows[2]).toMatch(/^\| 20 shards, 4 × 5 epochs, whole \| 158 \|/);
  });
});
