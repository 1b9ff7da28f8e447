import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../tools/fuzz/structured/forgery';
import { forgedFile } from '../../tools/fuzz/structured/forged-file';
import { openFormat, STRUCTURED_FORMATS } from '../../tools/fuzz/structured/formats';
import { fuzzFormat } from '../../tools/fuzz/fuzz-format';
import { repositoryRoot } from '../../infra/toolchain';

const program = join(repositoryRoot, 'dist/tools/fuzz/structured/reader-process.js');

const anyCount = expect.any(Number) as number;

/** A slice of `npm run fuzz -- --structured`. */
describe('files that lie in their fields', () => {
  it.concurrent.each(STRUCTURED_FORMATS)(
    'of format %s are refused by type or read as they are, while good files are read',
    async (format) => {
      const report = await fuzzFormat(format, {
        root: repositoryRoot,
        program,
        seed: 7,
        first: 0,
        files: 100,
      });
      expect(report.faults).toEqual([]);
      const { outcomes } = report;
      const files = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
      expect(files).toBe(100);
      // Only the frames of MP3 name nothing that another field contradicts.
      if (format !== 'mp3')
        expect(outcomes).toMatchObject({ 'typed error': anyCount, 'exact value': anyCount });
    },
  );

  it('are the same every time', async () => {
    const format = await openFormat('tar', repositoryRoot);
    const [first, again, other] = await Promise.all(
      [3, 3, 4].map(async (number) => digestOf(await forgedFile(format, 'tar', 7, number))),
    );
    expect([again === first, other === first]).toEqual([true, false]);
  });
});

describe('a process that reads drawn files', () => {
  it('is replaced when a file keeps it busy, and the file is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-fuzz-'));
    const spinning = join(folder, 'spinning.js');
    writeFileSync(
      spinning,
      `process.on('message', ({ number }) => {
        while (number === 1);
        process.send({ outcome: 'read', peakBytes: 0 });
      });
      process.send('ready');`,
    );
    const report = await fuzzFormat('any', {
      root: folder,
      program: spinning,
      seed: 1,
      first: 0,
      files: 3,
      processorLimitMs: 300,
    });
    expect(report.faults).toEqual([
      { number: 1, fault: 'no answer within 0.3 s of processor time' },
    ]);
    expect(report.outcomes).toEqual({ read: 2 });
    rmSync(folder, { recursive: true });
  });
});
