/**
 * A Python with pyarrow and DuckDB, for the tests that show our files to readers which share no code with us. Built once by pip into the
 * cache folder and found there afterwards; nothing at run time needs Python.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const packages = ['numpy==2.4.6', 'pyarrow==26.0.1', 'duckdb==2.0.0'];

/** Raised with the package versions, so that an old cache is not mistaken for the new one. */
const folderName = 'python-1';

/** Path of the interpreter; the first call installs some 400 MB and takes about a minute. Needs `python3` with venv on the PATH. */
export function pythonWithReaders(): string {
  const cache = process.env['CED_CACHE'] ?? join(homedir(), '.cache', 'ced-distillation');
  const folder = join(cache, folderName);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(cache, { recursive: true });
  // Renamed into place when complete: an interrupted installation is never taken for one. Python itself finds its packages from anywhere.
  const unfinished = `${folder}.${process.pid}`;
  try {
    execFileSync('python3', ['-m', 'venv', unfinished], { stdio: 'pipe' });
    execFileSync(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], {
      stdio: 'pipe',
    });
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(python)) throw error;
  }
  return python;
}
