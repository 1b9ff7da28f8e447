/** The weights of the best validations, `training/<key>/best/<step>.safetensors`, each known by the hash in the checkpoints that name it. */
import { encodeSafetensors } from '../../ced/model/safetensors';
import type { Weights } from '../../ced/model/weights';
import { layout } from '../storage/layout';
import { createAnew, setAside } from '../storage/set-aside';
import { ObjectMissing, sha256, type Store } from '../storage/store';
import type { BestEntry } from './best-list';

/** @returns SHA-256 of the file */
export async function writeBestWeights(store: Store, trainingKey: string, step: number, weights: Weights): Promise<string> {
  const bytes = encodeSafetensors(weights, 'F32');
  await createAnew(store, layout.best(trainingKey, step), bytes);
  return sha256(bytes);
}

/** @throws when they are damaged or missing; the next attempt goes on from a checkpoint before them */
export async function readBestWeights(store: Store, trainingKey: string, entry: BestEntry): Promise<Uint8Array> {
  const key = layout.best(trainingKey, entry.step);
  const bytes = await store.read(key);
  if (!bytes) throw new ObjectMissing(key, store.uri);
  if (entry.sha256 !== undefined && sha256(bytes) !== entry.sha256) throw new Error(`${key}: its bytes do not hash to its checkpoint`);
  return bytes;
}

/** Whether all of them are what their checkpoint says. Those that are not are set aside, so that they can be written again. */
export async function areBestWeightsSound(store: Store, trainingKey: string, best: readonly BestEntry[]): Promise<boolean> {
  let sound = true;
  for (const entry of best) {
    const found = await setAside(
      store,
      layout.best(trainingKey, entry.step),
      (bytes) => entry.sha256 === undefined || sha256(bytes) === entry.sha256,
    );
    sound &&= found === 'sound';
  }
  return sound;
}
