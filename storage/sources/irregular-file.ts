/**
 * What lies in the place of a regular file. Nothing else is ever opened: to open a named pipe waits
 * for a program that writes to it, and a device may have no end.
 */
import type { Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';

export interface IrregularFile {
  /** With its article. */
  what: string;
  remedy: string;
  /** Bytes come out of it, as of standard input. */
  isStream: boolean;
}

/** @returns null for a file, and where nothing is */
export async function irregularFile(path: string): Promise<IrregularFile | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? await brokenLink(path) : irregularKind(found);
}

/** @returns null for a file */
export function irregularKind(found: Stats): IrregularFile | null {
  if (found.isFile()) return null;
  if (found.isDirectory()) return still('a folder', 'name a file in it');
  if (found.isSocket()) return still('a socket', 'name a file instead');
  const what = found.isFIFO() ? 'a named pipe' : 'a device';
  return { what, remedy: 'write what it gives into a file', isStream: true };
}

/** Of a path that leads to nothing: whether it is a link itself. */
export async function brokenLink(path: string): Promise<IrregularFile | null> {
  const link = await lstat(path).catch(() => null);
  if (link?.isSymbolicLink() !== true) return null;
  return still('a link that leads nowhere', 'put back the file that it leads to');
}

function still(what: string, remedy: string): IrregularFile {
  return { what, remedy, isStream: false };
}
