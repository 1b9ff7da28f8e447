/** Imports a checkpoint into a store and loads it from there, as a run does. */
import { localDependencies } from '../../../activities/local-dependencies';
import { importModels } from '../../../activities/import-models';
import { loadModel, type LoadedModel } from '../../../storage/models/model-folder';
import { openStore } from '../../../storage/open-store';
import { inFolder } from './in-folder';

/** Names of the classes of test/reference/model.safetensors. */
export const smallVocabulary = Array.from({ length: 13 }, (_, index) => `class ${index}`);
const CSV = ['index,mid,display_name', ...smallVocabulary.map((name, at) => `${at},,${name}`)];

/** @throws {PermanentError} */
export async function importedModel(
  files: Readonly<Record<'config.json' | 'model.safetensors', Uint8Array>>,
  name: string,
): Promise<LoadedModel> {
  return await inFolder({ ...files, 'classes.csv': CSV.join('\n') }, async (root) => {
    const { teachers } = await importModels(localDependencies(root), {
      store: 'store',
      vocabulary: 'classes.csv',
      teachers: [{ format: 'ced', name, checkpoint: '.', weight: 1 }],
      inits: [],
    });
    return await loadModel(openStore(root, 'store'), teachers[0]!.sha256);
  });
}
