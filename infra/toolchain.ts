/**
 * Paths of the programs that set-up found or built, from `.ced/toolchain.json` beside the code,
 * which set-up writes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { asTypedHere, repositoryRoot } from './package-root';

export { repositoryRoot } from './package-root';

const Toolchain = z.object({
  cache: z.string(),
  temporal: z.string().optional(),
  dieWithParent: z.string().optional(),
  storage: z.string().optional(),
  s3Server: z.string().optional(),
  demoCorpus: z.string().optional(),
  pythonReaders: z.string().optional(),
  pythonLiteRt: z.string().optional(),
  manifestCheck: z.string().optional(),
  pythonMonitors: z.string().optional(),
  pythonTeacher: z.string().optional(),
  browser: z.union([z.object({ path: z.string() }), z.object({ missing: z.string() })]).optional(),
});

/** Path of the Temporal CLI. */
export function temporalBinary(): string {
  return found('temporal');
}

/** Path of the storage emulator. */
export function storageEmulatorBinary(): string {
  return found('storage');
}

/** Path of the S3 server, for tests. */
export function s3ServerBinary(): string {
  return found('s3Server');
}

/**
 * Program and arguments of a child that the kernel sends the signal when this process dies, even by
 * SIGKILL (infra/setup/die-with-parent.mjs).
 */
export function dyingWithParent(
  signal: 'SIGTERM' | 'SIGKILL',
  program: string,
  args: readonly string[],
): [string, string[]] {
  return [found('dieWithParent'), [String(constants.signals[signal]), program, ...args]];
}

/** Folder of the audio that examples make, which all clones share. */
export function corporaFolder(): string {
  return join(found('cache'), 'corpora');
}

/** Folder of the demo's rendered audio and tables. */
export function demoCorpusFolder(): string {
  return found('demoCorpus');
}

/** Path of a Python that has pyarrow, DuckDB and NumPy, for tests. */
export function pythonWithReaders(): string {
  return found('pythonReaders');
}

/** Path of a Python that has LiteRT and NumPy, for tests. */
export function pythonWithLiteRt(): string {
  return found('pythonLiteRt');
}

/** Path of the checker of Kubernetes and compose files, for tests (tools/manifests). */
export function manifestCheckBinary(): string {
  return found('manifestCheck');
}

/**
 * Path of a Python that has TensorBoard's reader, Prometheus' parser and Grafana's schema, for
 * tests.
 */
export function pythonWithMonitors(): string {
  return found('pythonMonitors');
}

/** Path of a Python that has the packages of ced-teacher and of its tests (python/). */
export function pythonWithTeacherPackages(): string {
  return found('pythonTeacher');
}

/** A Chromium for tests, or the reason why there is none. */
export function browser(): { path: string } | { missing: string } {
  return (
    readToolchain()?.browser ?? {
      missing: 'set-up has not looked for one: start tests with `npm test`',
    }
  );
}

function readToolchain(): z.infer<typeof Toolchain> | null {
  const path = join(repositoryRoot, '.ced', 'toolchain.json');
  return existsSync(path) ? Toolchain.parse(JSON.parse(readFileSync(path, 'utf8'))) : null;
}

function found(part: Exclude<keyof z.infer<typeof Toolchain>, 'browser'>): string {
  const value = readToolchain()?.[part];
  if (value === undefined || !existsSync(value))
    throw new Error(asTypedHere(`${part} is not set up on this machine: run \`npm run setup\``));
  return value;
}
