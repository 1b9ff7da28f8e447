/** Copies the run file's checkpoints into the store as immutable models and refuses, before hours are spent, any that cannot be used. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parameterCount } from '../../ced/model/parameters';
import { classMap } from '../../ced/teachers/class-map';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { ImportedModels, ImportModelsInput, ModelReference } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { ActivityDependencies } from '../dependencies';
import { parseModel, storeModel } from '../model-folder';
import { type Store } from '../storage/store';
import { importWaveformTeacher } from './import-waveform-teacher';
import { readVocabulary } from './plan-corpus';
import { modelVocabulary } from '../teacher-classes';

export async function importModels(deps: ActivityDependencies, input: ImportModelsInput): Promise<ImportedModels> {
  const store = deps.openStore(input.store);
  const vocabulary = await readVocabulary(deps.root, input.vocabulary);
  const teachers = [];
  for (const [index, teacher] of input.teachers.entries()) {
    const field = `teachers[${index}]`;
    const model =
      teacher.format === 'ced'
        ? await importModel(deps.root, store, vocabulary, `${field}.checkpoint`, teacher.checkpoint, teacher.name)
        : await importWaveformTeacher(deps.root, store, vocabulary, field, teacher);
    teachers.push({ ...model, weight: teacher.weight });
  }
  const inits: Record<string, ModelReference> = {};
  for (const { field, checkpoint } of input.inits)
    inits[checkpoint] = await importModel(deps.root, store, vocabulary, field, checkpoint, field);
  return { teachers, inits };
}

async function importModel(
  root: string,
  store: Store,
  vocabulary: Vocabulary,
  field: string,
  checkpoint: string,
  name: string,
): Promise<ModelReference> {
  const folder = resolve(root, checkpoint);
  const configBytes = await readPart(field, folder, 'config.json');
  const weightBytes = await readPart(field, folder, 'model.safetensors');
  let json: unknown;
  try {
    json = JSON.parse(configBytes.toString('utf8'));
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `${field}: ${join(folder, 'config.json')} is not JSON`, { cause: error });
  }
  const { config } = parseModel(json, weightBytes, `${field}: ${folder}`);
  try {
    classMap(modelVocabulary(config, vocabulary), vocabulary);
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `${field}: ${folder}: ${(error as Error).message}`, { cause: error });
  }
  return { name, sha256: await storeModel(store, config, weightBytes), parameters: parameterCount(config) };
}

async function readPart(field: string, folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    throw new PermanentError(
      'RunFileInvalid',
      `${field}: ${join(folder, file)} cannot be read (${(error as NodeJS.ErrnoException).code}), expected a folder with model.safetensors and config.json`,
      {
        cause: error,
      },
    );
  }
}
