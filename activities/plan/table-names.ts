/**
 * The tables that a pattern names: brace patterns anywhere; `*` (within a name) and `**` (across
 * folders) in folders of this machine and on the hub, whose files can be listed.
 */
import { counted } from '../../ced/counted';
import { isUri } from '../../ced/corpus/address';
import { expandBraces } from '../../ced/corpus/brace-pattern';
import { listHubFiles } from '../../storage/sources/hub-files';
import { SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import { PermanentError } from '../../workflows/contract/failures';
import { isLocalPattern, localFiles, pathPattern } from './path-pattern';
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
  return isUri(place) ? /^hf:/i.test(place) : await isLocalPattern(place);
}

async function matches(place: string, sources: SourceOptions): Promise<string[]> {
  const pattern = pathPattern(place);
  const files = isUri(place)
    ? await listHubFiles(pattern.folder, sources)
    : await localFiles(pattern);
  const found = files.filter(pattern.matches);
  if (found.length === 0)
    throw new SourceUnreadable(`none of ${counted(files.length, 'file', 'files')} matches`);
  return found;
}
