/**
 * A run file's CED checkpoints: read and checked against the run's classes and models, without
 * storing anything. `ced plan` and the import of a run's models refuse the same ones.
 */
import { classMap } from '../../ced/teachers/class-map';
import { modelVocabulary } from '../../ced/teachers/teacher-classes';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { readCheckpointWeights } from '../../storage/models/checkpoint-weights';
import { parseConfig, parseModel, type LoadedModel } from '../../storage/models/model-folder';
import type { StartingCheckpoint } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { startingNotes } from './starting-notes';
import {
  isPresent,
  LARGEST_CONFIG_BYTES,
  placeWithin,
  readModelFile,
  type InputPlace,
} from './read-input';

const EXPECTED =
  'a folder, or gs://, https:// or hf://organisation/repository, with model.safetensors and ' +
  'config.json';

/** How a teacher's classes stand to the run's. */
export interface MappedClasses {
  /** See ced/teachers/class-map.ts. */
  classMap: Int32Array;
}

export interface Checkpoint extends Pick<LoadedModel, 'config'> {
  /** One safetensors file. */
  weights: Uint8Array;
}

/**
 * A teacher.
 * @param missing whether it may lack classes of the run
 * @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what
 *   they hold
 */
export async function readTeacher(
  input: InputPlace,
  vocabulary: Vocabulary,
  field: string,
  path: string,
  missing: 'refuse' | 'abstain',
): Promise<Checkpoint & MappedClasses> {
  const checkpoint = await readCheckpoint(input, field, path);
  try {
    const own = modelVocabulary(checkpoint.config, vocabulary);
    return { ...checkpoint, classMap: classMap(own, vocabulary, missing) };
  } catch (error) {
    const where = `${field}: ${placeWithin(input.root, path)}`;
    throw new PermanentError('TeacherInvalid', `${where}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * A checkpoint to start from.
 * @returns `notes` as of `startingNotes`
 * @throws {PermanentError} as for teachers, and as `startingNotes`
 */
export async function readInit(
  input: InputPlace,
  vocabulary: Vocabulary,
  starting: StartingCheckpoint,
  chunkSeconds: number | undefined,
): Promise<Checkpoint & { notes: string[] }> {
  const checkpoint = await readCheckpoint(input, starting.field, starting.checkpoint);
  const notes = startingNotes(checkpoint.config, vocabulary, starting, chunkSeconds);
  return { ...checkpoint, notes };
}

async function readCheckpoint(input: InputPlace, field: string, path: string): Promise<Checkpoint> {
  const where = `${field}: ${placeWithin(input.root, path)}`;
  const text = await readModelFile(
    input,
    field,
    path,
    EXPECTED,
    'config.json',
    LARGEST_CONFIG_BYTES,
  );
  let json: unknown;
  try {
    json = JSON.parse(text.toString('utf8'));
  } catch (error) {
    const file = placeWithin(input.root, path, 'config.json');
    throw new PermanentError('TeacherInvalid', `${field}: ${file} is not JSON`, { cause: error });
  }
  const config = parseConfig(json, where);
  const folder = {
    name: where,
    read: (file: string) => readModelFile(input, field, path, EXPECTED, file),
    present: async (files: readonly string[]) => {
      const found = await Promise.all(files.map((file) => isPresent(input, field, path, file)));
      return files.filter((_, index) => found[index]);
    },
  };
  const weights = await readCheckpointWeights(folder, config);
  parseModel(json, weights, where);
  return { config, weights };
}
