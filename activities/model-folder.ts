/** CED checkpoints in a store: `models/<sha256 of weights>/{model.safetensors, config.json}`, immutable once written. */
import { modelConfigSchema, type ModelConfig } from '../ced/model/config';
import { decodeSafetensors } from '../ced/model/safetensors';
import { loadWeights, type Weights } from '../ced/model/weights';
import { PermanentError } from '../workflows/contract/failures';
import { layout } from './storage/layout';
import { encodeJson, ObjectMissing, readJson, sha256, type Store } from './storage/store';

export interface LoadedModel {
  config: ModelConfig;
  weights: Weights;
}

/** Loads and checks a model. @throws {PermanentError} TeacherInvalid when its bytes, tensors or configuration are wrong */
export async function loadModel(store: Store, modelSha256: string): Promise<LoadedModel> {
  const bytes = await store.read(layout.model(modelSha256));
  if (bytes === null) throw new ObjectMissing(layout.model(modelSha256), store.uri);
  if (sha256(bytes) !== modelSha256) throw new Error(`${layout.model(modelSha256)}: its bytes do not hash to its name`);
  return parseModel(await readJson<unknown>(store, layout.modelConfig(modelSha256)), bytes, layout.model(modelSha256));
}

/** @param where what to name in an error */
export function parseModel(config: unknown, bytes: Uint8Array, where: string): LoadedModel {
  const parsed = modelConfigSchema.safeParse(config);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new PermanentError('TeacherInvalid', `${where}: config.json: ${problems}`);
  }
  try {
    return { config: parsed.data, weights: loadWeights(parsed.data, decodeSafetensors(bytes)) };
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes a model under the SHA-256 of its weights and returns that. */
export async function storeModel(store: Store, config: ModelConfig, safetensors: Uint8Array): Promise<string> {
  const key = sha256(safetensors);
  await store.create(layout.model(key), safetensors);
  await store.create(layout.modelConfig(key), encodeJson(config));
  return key;
}
