import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { teacherWorkerFiles } from '../../support/teacher-worker-files';

const folder = join(__dirname, '../../reference/teacher-worker');

describe('the golden files of the contract with worker teachers', () => {
  const files = teacherWorkerFiles();
  if (process.env['CED_GOLDEN'] === 'write') {
    mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  }

  it.each([...files])('%s is what the generator and the schemas of today give', (name, bytes) => {
    expect(Buffer.compare(readFileSync(join(folder, name)), bytes)).toBe(0);
  });
});
