/**
 * Copies the run file's checkpoints into the store as immutable models and refuses, before hours
 * are spent, any that cannot be used.
 */
import { parameterCount } from '../ced/model/parameters';
import type { ImportedModels, ImportModelsInput } from '../workflows/contract/activities';
import type { ModelReference } from '../workflows/contract/models';
import type { ActivityDependencies } from './dependencies';
import { storeModel } from '../storage/models/model-folder';
import type { Store } from '../storage/store';
import { importWaveformTeacher } from './plan/import-waveform-teacher';
import { readInit, readTeacher, type Checkpoint } from './plan/read-checkpoint';
import { readVocabulary } from './plan-corpus';

export async function importModels(
  deps: ActivityDependencies,
  input: ImportModelsInput,
): Promise<ImportedModels> {
  const store = deps.openStore(input.store);
  const vocabulary = await readVocabulary(deps, input.vocabulary);
  const notes: string[] = [];
  const teachers = [];
  for (const [index, teacher] of input.teachers.entries()) {
    const field = `teachers[${index}]`;
    const { name, weight, checkpoint } = teacher;
    const model =
      teacher.format === 'ced'
        ? await stored(
            store,
            name,
            await readTeacher(deps, vocabulary, `${field}.checkpoint`, checkpoint),
          )
        : await importWaveformTeacher(deps, store, vocabulary, field, teacher);
    teachers.push({ ...model, weight });
  }
  const inits: Record<string, ModelReference> = {};
  for (const init of input.inits) {
    const found = await readInit(deps, vocabulary, init);
    inits[init.checkpoint] = await stored(store, init.field, found);
    if (found.note !== null) notes.push(found.note);
  }
  return { teachers, inits, ...(notes.length === 0 ? {} : { notes }) };
}

async function stored(
  store: Store,
  name: string,
  { config, weights }: Checkpoint,
): Promise<ModelReference> {
  const sha256 = await storeModel(store, config, weights);
  return { name, sha256, parameters: parameterCount(config) };
}
