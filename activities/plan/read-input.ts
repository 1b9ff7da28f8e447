/**
 * Files that a run file names (tables, vocabularies, models), from a folder or any source: whatever
 * is wrong with one names its field and the remedy, and no secret.
 */
import { join, resolve } from 'node:path';
import { carriesCredential, CREDENTIAL_REFUSED } from '../../workflows/contract/credentials';
import { PermanentError } from '../../workflows/contract/failures';
import { openSource } from '../../storage/sources/open-source';
import { readSource, SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import { TarInvalid } from '../../ced/corpus/tar-members';
import { isUri, withoutQuery, withoutSlashesAtEnd } from '../../ced/corpus/address';

/** Of a table: every row of it is in memory while a corpus is planned. */
const LARGEST_TABLE_BYTES = 2 ** 29;
/** Of a vocabulary: 65,536 names of 512 characters, and room. */
const LARGEST_TEXT_BYTES = 2 ** 26;
/** Of one file of a model. */
const LARGEST_MODEL_BYTES = 2 ** 31;
/** Of a model's `config.json`: names of 65,536 classes, and room. */
export const LARGEST_CONFIG_BYTES = 2 ** 25;

/** Where a run file's input is read from. */
export interface InputPlace {
  /** Relative paths start here. */
  root: string;
  sources?: SourceOptions;
}

/**
 * A whole small text. @throws {PermanentError} RunFileInvalid naming the field, the place and what
 * is expected
 */
export async function readInput(
  input: InputPlace,
  field: string,
  path: string,
  expected: string,
): Promise<string> {
  const bytes = await readInputBytes(input, field, path, expected, LARGEST_TEXT_BYTES);
  return bytes.toString('utf8');
}

/** As `readInput`, for callers that look at the bytes before they take them for text. */
export async function readInputBytes(
  { root, sources = {} }: InputPlace,
  field: string,
  path: string,
  expected: string,
  largestBytes = LARGEST_TABLE_BYTES,
): Promise<Buffer> {
  const place = absolute(root, path);
  return await told(field, place, expected, () =>
    readSource(openSource(place, sources), largestBytes),
  );
}

/**
 * A file of a model.
 * @param path of the file, or of the folder that `file` lies in; a repository of the hub is such
 *   a folder: `hf://organisation/repository`
 * @throws {PermanentError} RunFileInvalid naming the field, the place and what is expected
 */
export async function readModelFile(
  input: InputPlace,
  field: string,
  path: string,
  expected: string,
  file?: string,
  largestBytes = LARGEST_MODEL_BYTES,
): Promise<Buffer> {
  const place = placeWithin(input.root, path, file);
  return await told(field, place, expected, () =>
    readSource(openSource(place, input.sources), largestBytes),
  );
}

/** The same, or null where nothing is. */
export async function readModelFileIfPresent(
  input: InputPlace,
  field: string,
  path: string,
  file: string,
): Promise<Buffer | null> {
  return (await isPresent(input, field, path, file))
    ? await readModelFile(input, field, path, 'a file of the model', file)
    : null;
}

/** Whether a file of a model is there. */
export async function isPresent(
  input: InputPlace,
  field: string,
  path: string,
  file: string,
): Promise<boolean> {
  const place = placeWithin(input.root, path, file);
  const found = await told(field, place, 'a file of the model', () =>
    openSource(place, input.sources).describe(),
  );
  return found !== null;
}

/** Absolute, for messages too. */
export function placeWithin(root: string, path: string, file?: string): string {
  const place = absolute(root, path);
  if (file === undefined) return place;
  return isUri(place) ? `${withoutSlashesAtEnd(place)}/${file}` : join(place, file);
}

export function absolute(root: string, place: string): string {
  return isUri(place) ? place : resolve(root, place);
}

/** Runs `read`; an error names the field of the run file. */
export async function told<T>(
  field: string,
  place: string,
  expected: string,
  read: () => Promise<T>,
): Promise<T> {
  if (carriesCredential(place))
    throw new PermanentError(
      'RunFileInvalid',
      `${field}: ${withoutSecrets(place)}: ${CREDENTIAL_REFUSED}`,
    );
  try {
    return await read();
  } catch (error) {
    if (error instanceof TarInvalid)
      throw new PermanentError('CorpusInvalid', `${field}: ${place}: ${error.message}`, {
        cause: error,
      });
    if (!(error instanceof SourceUnreadable)) throw error;
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
    const reason = code === undefined ? `: ${error.message}` : ` (${code})`;
    throw new PermanentError(
      'RunFileInvalid',
      `${field}: ${withoutSecrets(place)} cannot be read${reason}, expected ${expected}`,
      {
        cause: error,
      },
    );
  }
}

/** Signed addresses carry their secret in the query, others before the host. */
function withoutSecrets(place: string): string {
  return isUri(place) ? withoutQuery(place).replace(/\/\/[^/@]*@/, '//') : place;
}
