/**
 * CED checkpoints in a store: `models/<sha256 of weights>/{model.safetensors, config.json}`,
 * immutable once written.
 */
import { modelConfigSchema, type ModelConfig } from '../../ced/model/config';
import { decodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights, type Weights } from '../../ced/model/weights';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import { layout } from '../layout';
import { createAnew, quarantine } from '../quarantine';
import { readRecord, record, RecordDamaged } from '../record';
import { encodeJson, ObjectMissing, sha256, type Store } from '../store';
import { schemaProblems } from '../../workflows/contract/schema-problems';

/** As others publish it too: what it leaves out has the values of the published models. */
export const modelConfigRecord = record('model configuration', 1, modelConfigSchema);

export interface LoadedModel {
  config: ModelConfig;
  weights: Weights;
}

/**
 * Loads and checks a model. @throws {StoreDamaged} when its weights or its configuration are
 * damaged, and then quarantined, or missing
 */
export async function loadModel(store: Store, modelSha256: string): Promise<LoadedModel> {
  const damaged = async (key: string, why: string): Promise<StoreDamaged> => {
    await quarantine(store, key, modelSha256);
    return new StoreDamaged(
      [{ kind: 'model', sha256: modelSha256 }],
      `${store.uri}: ${key} is damaged or missing (${why})`,
    );
  };
  const bytes = await store.read(layout.model(modelSha256));
  if (bytes === null || sha256(bytes) !== modelSha256)
    throw await damaged(layout.model(modelSha256), 'its bytes do not hash to its name');
  try {
    // It was valid when it was stored, and so are the weights: whatever is wrong now is the
    // configuration's.
    return parseModel(
      await readRecord(store, layout.modelConfig(modelSha256), modelConfigRecord),
      bytes,
      layout.model(modelSha256),
    );
  } catch (error) {
    const isConfig =
      (error instanceof PermanentError && error.code === 'TeacherInvalid') ||
      error instanceof RecordDamaged ||
      error instanceof ObjectMissing;
    if (!isConfig) throw error;
    throw await damaged(layout.modelConfig(modelSha256), error.message);
  }
}

/** Whether it can be loaded. Quarantines damaged files. */
export async function isModelVerified(store: Store, modelSha256: string): Promise<boolean> {
  try {
    await loadModel(store, modelSha256);
    return true;
  } catch (error) {
    if (error instanceof StoreDamaged) return false;
    throw error;
  }
}

/** @param where what to name in an error */
export function parseModel(json: unknown, bytes: Uint8Array, where: string): LoadedModel {
  const config = parseConfig(json, where);
  try {
    return { config, weights: loadWeights(config, decodeSafetensors(bytes)) };
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `${where}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @param where what to name in an error */
export function parseConfig(json: unknown, where: string): ModelConfig {
  const parsed = modelConfigSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = schemaProblems(parsed.error, 'config.json').join('; ');
  throw new PermanentError('TeacherInvalid', `${where}: config.json: ${problems}`);
}

/** Writes a model under the SHA-256 of its weights and returns that. */
export async function storeModel(
  store: Store,
  config: ModelConfig,
  safetensors: Uint8Array,
): Promise<string> {
  const key = sha256(safetensors);
  await createAnew(store, layout.model(key), safetensors);
  await store.create(layout.modelConfig(key), encodeJson(config));
  return key;
}
