/**
 * Copies the run file's checkpoints into the store as immutable models and refuses, before hours
 * are spent, any that cannot be used.
 */
import { missingClasses } from '../ced/teachers/class-map';
import { parameterCount } from '../ced/model/parameters';
import type { ImportedModels, ImportModelsInput } from '../workflows/contract/activities';
import type { Hint } from '../workflows/contract/hints';
import type { EnsembleMember, ModelReference } from '../workflows/contract/models';
import type { ActivityDependencies } from './dependencies';
import { storeModel } from '../storage/models/model-folder';
import type { Store } from '../storage/store';
import { storeWaveformModel } from '../storage/models/waveform-folder';
import { championNotes } from './plan/champion-notes';
import { readInit, readTeacher, type Checkpoint } from './plan/read-checkpoint';
import { readAnyTeacher, requireKnownClasses } from './plan/read-teacher';
import type { ReadWaveformTeacher } from './plan/read-waveform-teacher';
import { readVocabulary } from './plan/read-vocabulary';
import { requireOrigin } from './plan/run-origin';

export async function importModels(
  deps: ActivityDependencies,
  input: ImportModelsInput,
): Promise<ImportedModels> {
  const store = deps.openStore(input.store);
  const notes = await requireOrigin(deps.root, input.origin);
  const vocabulary = await readVocabulary(deps, input.vocabulary, store);
  const hints: Hint[] = [];
  const teachers = [];
  const maps: Int32Array[] = [];
  for (const [index, teacher] of input.teachers.entries()) {
    // Its worker says what it is (accept-teacher.ts).
    if (teacher.format === 'worker') continue;
    const { name, weight } = teacher;
    const read = await readAnyTeacher(deps, vocabulary, `teachers[${index}]`, teacher, input);
    const missing = missingClasses(read.classMap).length;
    maps.push(read.classMap);
    teachers.push({
      ...(await storedTeacher(store, name, read)),
      weight,
      ...(missing === 0 ? {} : { missing }),
    });
    notes.push(...read.notes);
    hints.push(...read.hints);
  }
  // Classes that only a worker knows are seen when it was asked (require-classes.ts).
  if (input.teachers.every(({ format }) => format !== 'worker'))
    requireKnownClasses(maps, vocabulary);
  const inits: Record<string, ModelReference> = {};
  for (const init of input.inits) {
    const found = await readInit(deps, vocabulary, init, input.chunkSeconds);
    inits[init.checkpoint] = await stored(store, init.field, found);
    notes.push(...found.notes);
  }
  const fromLabels =
    input.fromLabels === undefined
      ? null
      : await readTeacher(deps, vocabulary, 'fromLabels', input.fromLabels, 'refuse');
  if (input.champion)
    notes.push(...(await championNotes(deps, vocabulary, input.champion, input.chunkSeconds)));
  return {
    teachers,
    inits,
    ...(fromLabels ? { fromLabels: await stored(store, 'from-labels', fromLabels) } : {}),
    ...(notes.length === 0 ? {} : { notes }),
    ...(hints.length === 0 ? {} : { hints }),
  };
}

async function storedTeacher(
  store: Store,
  name: string,
  read: Checkpoint | ReadWaveformTeacher,
): Promise<Omit<EnsembleMember, 'weight'>> {
  if ('config' in read) return await stored(store, name, read);
  const { declared, files } = read;
  const sha256 = await storeWaveformModel(store, declared, files);
  const { parameters, sampleRate } = declared;
  return { name, sha256, parameters, ...(sampleRate === undefined ? {} : { sampleRate }) };
}

async function stored(
  store: Store,
  name: string,
  { config, weights }: Checkpoint,
): Promise<ModelReference> {
  const sha256 = await storeModel(store, config, weights);
  return { name, sha256, parameters: parameterCount(config) };
}
