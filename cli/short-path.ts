/** Short paths for messages: relative below the current folder, absolute elsewhere. */
import { relative, resolve } from 'node:path';

export function shortPath(path: string): string {
  const absolute = resolve(path);
  const short = relative(process.cwd(), absolute);
  return short === '' || short.startsWith('..') ? absolute : short;
}
