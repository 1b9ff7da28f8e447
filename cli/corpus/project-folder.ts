/**
 * The folder of a new project. All files are written aside before any is moved to its place, and
 * those that a run starts from are moved last: whatever ends the program, nothing half-written is
 * taken for a project, and the same command can be given again.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, missingFolders } from '../../storage/make-folder';
import { UsageError } from '../../infra/command-line/usage-error';
import { tryFolder } from '../unwritable';

/** In the project's folder, while its files are written. */
const ASIDE = '.unfinished-project';
/** In it: the names of all files, written before the first is moved. */
const NAMES = 'names.json';
/** Moved last, in this order. */
const RUN_FILES = ['teach.json', 'run.json'];

/** @throws {UsageError} where a project cannot be written: asked before anything is read for it */
export function refuseUnfitFolder(folder: string): void {
  const found = existsSync(folder) ? statSync(folder) : null;
  if (found && !found.isDirectory())
    throw new UsageError(`ced init: ${folder} is a file; choose another place with --out`);
  if (found && readdirSync(folder).length > 0 && unfinishedFiles(folder) === null)
    throw new UsageError(`ced init: ${folder} is not empty; choose another place with --out`);
  try {
    tryFolder(folder, ASIDE);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * All of the files or none.
 * @throws {UsageError} where the folder cannot be written, or holds something by now
 */
export async function writeProjectFolder(
  folder: string,
  files: ReadonlyMap<string, string | Buffer>,
): Promise<void> {
  refuseUnfitFolder(folder);
  const aside = join(folder, ASIDE);
  let created: string | undefined;
  const moved: string[] = [];
  try {
    for (const name of [...(unfinishedFiles(folder) ?? []), ASIDE])
      rmSync(join(folder, name), { recursive: true, force: true });
    [created] = missingFolders(folder);
    await makeFolder(folder);
    mkdirSync(aside);
    for (const [name, content] of files) writeFileSync(join(aside, name), content);
    const names = [...files.keys()].sort((a, b) => RUN_FILES.indexOf(a) - RUN_FILES.indexOf(b));
    writeFileSync(join(aside, NAMES), JSON.stringify(names));
    for (const name of names) {
      renameSync(join(aside, name), join(folder, name));
      moved.push(name);
    }
    rmSync(aside, { recursive: true });
  } catch (error) {
    // Its outermost folder that was not there before, else the files alone.
    const written = created ? [created] : [aside, ...moved.map((name) => join(folder, name))];
    for (const path of written) if (existsSync(path)) rmSync(path, { recursive: true });
    throw unwritable(folder, error);
  }
}

/**
 * What a program moved into the folder that was killed before it had moved all.
 * @returns null where no such program wrote there, or it moved the last file
 */
function unfinishedFiles(folder: string): string[] | null {
  if (!existsSync(join(folder, ASIDE))) return null;
  const names = namesAside(folder);
  const isMoved = (name: string): boolean => !existsSync(join(folder, ASIDE, name));
  return names.length > 0 && names.every(isMoved) ? null : names.filter(isMoved);
}

/** None where the program was killed before it had written them all. */
function namesAside(folder: string): string[] {
  try {
    const text = readFileSync(join(folder, ASIDE, NAMES), 'utf8');
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

function unwritable(folder: string, error: unknown): UsageError {
  return new UsageError(
    `ced init: the project cannot be written to ${folder}: ${(error as Error).message}; ` +
      'free space there, or choose another place with --out',
    { cause: error },
  );
}
