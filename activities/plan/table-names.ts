/**
 * The tables that a pattern names: brace patterns anywhere; `*` (within a name) and `**` (across
 * folders) in folders of this machine and on the hub, whose files can be listed.
 */
import { counted } from '../../ced/counted';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isUri } from '../../ced/corpus/address';
import { expandBraces } from '../../ced/corpus/brace-pattern';
import { listHubFiles } from '../../storage/sources/hub-files';
import { SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import { PermanentError } from '../../workflows/contract/failures';
import { absolute, told } from './read-input';

/**
 * @param field for errors: `corpus.train`
 * @throws {PermanentError} RunFileInvalid for a wrong pattern, or one that no file matches
 */
export async function tableNames(
  root: string,
  field: string,
  pattern: string,
  sources: SourceOptions,
): Promise<string[]> {
  const names: string[] = [];
  for (const name of braced(field, pattern)) {
    const place = absolute(root, name);
    if (!place.includes('*') || !(await isPattern(place))) names.push(name);
    else
      for (const found of await told(field, place, 'files that match it', () =>
        matches(place, sources),
      ))
        names.push(found);
  }
  return names;
}

function braced(field: string, pattern: string): string[] {
  try {
    return expandBraces(pattern);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** In a bucket, on the web and in a file's own name `*` is a character like others. */
async function isPattern(place: string): Promise<boolean> {
  if (isUri(place)) return /^hf:/i.test(place);
  return await stat(place).then(
    () => false,
    () => true,
  );
}

async function matches(place: string, sources: SourceOptions): Promise<string[]> {
  const parts = place.split('/');
  const first = parts.findIndex((part) => part.includes('*'));
  const folder = parts.slice(0, first).join('/');
  const isDeep = first < parts.length - 1 || parts[first]!.includes('**');
  const files = isUri(place)
    ? await listHubFiles(folder, sources)
    : (await readdir(folder === '' ? '/' : folder, { recursive: isDeep }).catch(() => []))
        .map((name) => join(folder, name))
        .sort();
  const pattern = new RegExp(`^${parts.map(partPattern).join('/')}$`, 's');
  const found = files.filter((file) => pattern.test(file));
  if (found.length === 0)
    throw new SourceUnreadable(`none of ${counted(files.length, 'file', 'files')} matches`);
  return found;
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
