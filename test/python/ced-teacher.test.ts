import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonWithTeacherPackages, repositoryRoot, temporalBinary } from '../../infra/toolchain';
import { startS3, type S3Server } from '../../tools/s3-server';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'ced-teacher-'));
let s3: S3Server;
let gcs: StorageEmulator;

beforeAll(async () => {
  s3 = await startS3({ port: 0, folder: join(folder, 's3'), log: null });
  gcs = await startStorage({ port: 0, folder: null, log: null });
  await s3.createBucket('teachers');
  await gcs.createBucket('teachers');
});

afterAll(async () => {
  await Promise.all([s3.stop(), gcs.stop()]);
  rmSync(folder, { recursive: true });
});

/** @returns what Python's module printed; rejects with it where the module fails */
async function python(module: string, ...args: string[]): Promise<string> {
  const environment = {
    PYTHONDONTWRITEBYTECODE: '1',
    CED_TEMPORAL_CLI: temporalBinary(),
    CED_TEST_BUCKETS: 's3://teachers gs://teachers',
    STORAGE_EMULATOR_HOST: gcs.endpoint,
    ...s3.environment(),
  };
  const { stdout } = await run(pythonWithTeacherPackages(), ['-m', module, ...args], {
    cwd: join(repositoryRoot, 'python'),
    env: { ...process.env, ...environment },
  }).catch(({ stdout: out, stderr }: { stdout: string; stderr: string }) => {
    throw new Error(`${out}\n${stderr}`);
  });
  return stdout;
}

describe('the Python package ced-teacher', () => {
  it('passes its own tests, on a real Temporal server and on buckets', async () => {
    const told = await python('pytest', '-q', `--basetemp=${join(folder, 'pytest')}`);
    expect(told).toMatch(/^\d+ passed in/m);
  });

  it('is typed throughout', async () => {
    const cache = join(repositoryRoot, 'node_modules', '.cache', 'mypy');
    expect(await python('mypy', '--cache-dir', cache)).toContain('Success: no issues found');
  });

  it('builds as a package that holds its types', async () => {
    const wheel = ['wheel', '--quiet', '--no-deps', '--no-build-isolation', '-w', folder, '.'];
    await python('pip', ...wheel);
    const listed = await python(
      'zipfile',
      '-l',
      join(folder, 'ced_teacher-0.1.0-py3-none-any.whl'),
    );
    expect(listed).toContain('ced_teacher/py.typed');
    expect(listed).toContain('ced_teacher/serve.py');
  });
});
