/**
 * Copies the run file's checkpoints into the store as immutable models and refuses, before hours
 * are spent, any that cannot be used.
 */
import { parameterCount } from '../ced/model/parameters';
import { classMap } from '../ced/teachers/class-map';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import type { ImportedModels, ImportModelsInput } from '../workflows/contract/activities';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';
import { parseModel, storeModel } from '../storage/models/model-folder';
import { type Store } from '../storage/store';
import { importWaveformTeacher } from './plan/import-waveform-teacher';
import { readVocabulary } from './plan-corpus';
import {
  LARGEST_CONFIG_BYTES,
  placeWithin,
  readModelFile,
  type InputPlace,
} from './plan/read-input';
import { modelVocabulary } from '../ced/teachers/teacher-classes';
import type { ModelReference } from '../workflows/contract/models';

const EXPECTED =
  'a folder, or gs://, https:// or hf://organisation/repository, with model.safetensors and ' +
  'config.json';

export async function importModels(
  deps: ActivityDependencies,
  input: ImportModelsInput,
): Promise<ImportedModels> {
  const store = deps.openStore(input.store);
  const vocabulary = await readVocabulary(deps, input.vocabulary);
  const teachers = [];
  for (const [index, teacher] of input.teachers.entries()) {
    const field = `teachers[${index}]`;
    const model =
      teacher.format === 'ced'
        ? await importModel(
            deps,
            store,
            vocabulary,
            `${field}.checkpoint`,
            teacher.checkpoint,
            teacher.name,
          )
        : await importWaveformTeacher(deps, store, vocabulary, field, teacher);
    teachers.push({ ...model, weight: teacher.weight });
  }
  const inits: Record<string, ModelReference> = {};
  for (const { field, checkpoint } of input.inits)
    inits[checkpoint] = await importModel(deps, store, vocabulary, field, checkpoint, field);
  return { teachers, inits };
}

async function importModel(
  input: InputPlace,
  store: Store,
  vocabulary: Vocabulary,
  field: string,
  checkpoint: string,
  name: string,
): Promise<ModelReference> {
  const read = (file: string, largestBytes?: number): Promise<Buffer> =>
    readModelFile(input, field, checkpoint, EXPECTED, file, largestBytes);
  const configBytes = await read('config.json', LARGEST_CONFIG_BYTES);
  const weightBytes = await read('model.safetensors');
  const folder = placeWithin(input.root, checkpoint);
  let json: unknown;
  try {
    json = JSON.parse(configBytes.toString('utf8'));
  } catch (error) {
    throw new PermanentError(
      'TeacherInvalid',
      `${field}: ${placeWithin(input.root, checkpoint, 'config.json')} is not JSON`,
      {
        cause: error,
      },
    );
  }
  const { config } = parseModel(json, weightBytes, `${field}: ${folder}`);
  try {
    classMap(modelVocabulary(config, vocabulary), vocabulary);
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `${field}: ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return {
    name,
    sha256: await storeModel(store, config, weightBytes),
    parameters: parameterCount(config),
  };
}
