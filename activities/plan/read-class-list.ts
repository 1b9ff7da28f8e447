/** The class list that a teacher's worker writes into the store of a run, create-only. */
import { FormatInvalid } from '../../ced/format-invalid';
import { requireUsable, vocabularySchema, type Vocabulary } from '../../ced/teachers/vocabulary';
import { layout } from '../../storage/layout';
import { sha256, type Store } from '../../storage/store';
import { schemaProblems } from '../../workflows/contract/schema-problems';

/**
 * @param expected SHA-256 of the list, its name
 * @returns the classes in the order of the teacher's outputs, or what is wrong with the list
 */
export async function readClassList(store: Store, expected: string): Promise<Vocabulary | string> {
  const key = layout.teacherClasses(expected);
  const bytes = await store.read(key);
  if (bytes === null) return `${store.uri} has no ${key}: does its worker use the same store?`;
  if (sha256(bytes) !== expected)
    return `${key} does not hash to its name; remove it and start the run again`;
  const parsed = vocabularySchema.safeParse(jsonOf(bytes));
  if (!parsed.success) return `${key}: ${schemaProblems(parsed.error, '(list)')[0] ?? ''}`;
  try {
    requireUsable(parsed.data);
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    return `its class list ${key}: ${error.detail}`;
  }
  return parsed.data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
