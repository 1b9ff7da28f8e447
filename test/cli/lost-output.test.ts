/** Programs whose standard output cannot be written. /dev/full is a disk without space. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { wavBytes } from '../ced/audio/wav-bytes';
import { sweep, writeReferenceModel } from '../support/tagged-model';

describe('a command whose output is lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-lost-output-'));
  const model = writeReferenceModel(join(folder, 'model'));
  const recordings = ['one.wav', 'two.wav'].map((name) => join(folder, name));
  for (const file of recordings) writeFileSync(file, wavBytes([sweep(1)], { bits: 16 }));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['export', '--out', join(folder, 'model.onnx')],
    ['tag', ...recordings],
    ['tag', ...recordings, '--window', '1'],
  ])('says so in one line and fails: %s', (...command) => {
    const program = join(repositoryRoot, 'dist', 'cli', 'main.js');
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, ...command, '--model', model],
      {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      },
    );
    closeSync(full);
    expect(stderr).toMatch(/^error: standard output cannot be written: ENOSPC: .*\n$/);
    expect(status).toBe(1);
  });
});
