import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import type { Walked } from '../../tools/corpora/walk';

const program = join(repositoryRoot, 'dist/tools/corpora/main.js');

async function corpora(...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output };
}

describe('a replica of a dataset', () => {
  it('leads from ced init to a tagged recording: ESC-50, and an archive of folders', async () => {
    const args = ['--only', 'esc-50', '--only', 'tar', '--minutes', '0.02', '--json'];
    const { status, output } = await corpora(...args);
    const { layouts } = JSON.parse(output) as { layouts: Walked[] };
    expect(layouts.map(({ layout, faults }) => ({ layout, faults }))).toEqual([
      { layout: 'esc-50', faults: [] },
      { layout: 'tar', faults: [] },
    ]);
    expect(status).toBe(0);
    for (const { clips, labels, studentMAP, tagged } of layouts) {
      expect(clips.found).toBe(clips.expected);
      expect(labels.found).toBe(labels.expected);
      expect(studentMAP).toBeGreaterThan(0);
      expect(tagged).not.toBeNull();
    }
  });
});
