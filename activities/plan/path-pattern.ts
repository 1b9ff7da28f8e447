/** Patterns of paths: `*` within a name, `**` across folders. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PathPattern {
  /** That the matching files lie in. */
  readonly folder: string;
  /** Whether they may lie in folders of it. */
  readonly isDeep: boolean;
  readonly matches: (file: string) => boolean;
}

/** A file whose own name has a `*` is no pattern. @param place absolute, on this machine */
export async function isLocalPattern(place: string): Promise<boolean> {
  if (!place.includes('*')) return false;
  return await stat(place).then(
    () => false,
    () => true,
  );
}

export function pathPattern(place: string): PathPattern {
  const parts = place.split('/');
  const first = parts.findIndex((part) => part.includes('*'));
  const pattern = new RegExp(`^${parts.map(partPattern).join('/')}$`, 's');
  return {
    folder: parts.slice(0, first).join('/'),
    isDeep: first < parts.length - 1 || parts[first]!.includes('**'),
    matches: (file) => pattern.test(file),
  };
}

/** Files of this machine in its folder, sorted, whether they match or not. */
export async function localFiles({ folder, isDeep }: PathPattern): Promise<string[]> {
  const names = await readdir(folder === '' ? '/' : folder, { recursive: isDeep }).catch(() => []);
  return names.map((name) => join(folder, name)).sort();
}

function partPattern(part: string): string {
  return part
    .split(/(\*+)/)
    .map((piece) =>
      /^\*+$/.test(piece)
        ? piece.length > 1
          ? '.*'
          : '[^/]*'
        : piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('');
}
