/** A place that the user named for output and that cannot be written: said in one line. */
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { missingFolders } from '../storage/make-folder';
import { UsageError } from '../infra/command-line/usage-error';

const ELSEWHERE = 'choose another place with --out';

/**
 * @param place as it was named
 * @param error of the file system
 * @returns an error with the place, the reason and the remedy
 */
export function unwritable(place: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const why = reasonOf(place, code) ?? `${message}; ${ELSEWHERE}`;
  return new UsageError(`${place} cannot be written (${code}): ${why}`, { cause: error });
}

/**
 * Asked before long work whose result goes there.
 * @throws {UsageError} where no folder can be made or written at the place
 */
export function refuseUnwritable(folder: string): void {
  try {
    tryFolder(folder, '.ced-writable');
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * Makes a folder and removes it. Permissions do not tell: they bind no superuser, and a file system
 * may be read-only, full, or one like /proc in which nothing can be made.
 * @param folder in which, or in the nearest above it that is there
 * @throws of the file system
 */
export function tryFolder(folder: string, name: string): void {
  const probe = join(nearestTo(folder), name);
  try {
    mkdirSync(probe);
  } catch (error) {
    // Another program tries the same folder, or one was killed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  rmdirSync(probe);
}

/** The path itself, or the nearest above it that is there. */
function nearestTo(path: string): string {
  const [outermost] = missingFolders(path);
  return outermost === undefined ? path : dirname(outermost);
}

function reasonOf(place: string, code: string): string | null {
  switch (code) {
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTDIR':
      return inTheWay(place);
    case 'ENOENT':
      return missing(place);
    case 'EROFS':
      return `its file system is read-only; ${ELSEWHERE}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space is left; free space there, or ${ELSEWHERE}`;
    case 'EACCES':
    case 'EPERM':
      return `it is not permitted; ${ELSEWHERE}`;
    case 'ENAMETOOLONG':
      return 'its name is too long; choose a shorter one with --out';
    default:
      return null;
  }
}

function inTheWay(place: string): string {
  const nearest = nearestTo(place);
  if (nearest === place && statSync(place).isDirectory())
    return 'it is a folder; name a file in it with --out';
  return `${nearest === place ? 'it' : nearest} is a file, not a folder; ${ELSEWHERE}`;
}

function missing(place: string): string {
  const above = dirname(place);
  return existsSync(above)
    ? `nothing can be made in ${above}; ${ELSEWHERE}`
    : `there is no folder ${above}; make it, or ${ELSEWHERE}`;
}
