/** The classes of a run: from a file, or from the list that the worker of a teacher wrote. */
import { parseConfigClasses } from '../../ced/teachers/teacher-classes';
import { parseVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import type { Store } from '../../storage/store';
import { PermanentError } from '../../workflows/contract/failures';
import { hashOfClassList } from '../../workflows/contract/teacher-vocabulary';
import { readClassList } from './read-class-list';
import { readInput, type InputPlace } from './read-input';

/**
 * @param store of the run, for lists that workers wrote; null = there are none
 * @throws {PermanentError} RunFileInvalid naming the field, the file and what is expected
 */
export async function readVocabulary(
  input: InputPlace,
  path: string,
  store: Store | null,
): Promise<Vocabulary> {
  const sha256 = hashOfClassList(path);
  if (sha256 !== null && store !== null) {
    const found = await readClassList(store, sha256);
    if (typeof found !== 'string') return found;
    throw new PermanentError('RunFileInvalid', `corpus.vocabulary: ${found}`);
  }
  const text = await readInput(
    input,
    'corpus.vocabulary',
    path,
    "a CSV in AudioSet's columns index,mid,display_name",
  );
  try {
    // No CSV with this header begins so: it is the config.json of a checkpoint.
    return text.startsWith('{') ? parseConfigClasses(text) : parseVocabularyCsv(text);
  } catch (error) {
    throw new PermanentError(
      'RunFileInvalid',
      `corpus.vocabulary: ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
