/**
 * The weights of the best validations, `training/<key>/best/<step>.safetensors`, each known by the
 * hash in the checkpoints that name it.
 */
import { encodeSafetensors } from '../../ced/model/safetensors';
import type { Weights } from '../../ced/model/weights';
import { layout } from '../layout';
import { createAnew, quarantine } from '../quarantine';
import { isVerified, readVerified } from '../verified-object';
import { sha256, type Store } from '../store';
import type { BestEntry } from '../../ced/training/best-list';

/** @returns SHA-256 of the file */
export async function writeBestWeights(
  store: Store,
  trainingKey: string,
  step: number,
  weights: Weights,
): Promise<string> {
  const bytes = encodeSafetensors(weights, 'F32');
  await createAnew(store, layout.best(trainingKey, step), bytes, { keepCopy: true });
  return sha256(bytes);
}

/**
 * @throws when they are damaged or missing; the next attempt goes on from a checkpoint before
 *   them
 */
export async function readBestWeights(
  store: Store,
  trainingKey: string,
  entry: BestEntry,
): Promise<Uint8Array> {
  const key = layout.best(trainingKey, entry.step);
  if (entry.sha256 === undefined) throw new Error(`${key}: no checkpoint tells its hash`);
  const bytes = await readVerified(store, key, entry.sha256);
  if (!bytes) throw new Error(`${store.uri}: ${key} is missing or does not hash to its checkpoint`);
  return bytes;
}

/**
 * Whether all of them are what their checkpoint says. Those that are not are set aside, so that
 * they can be written again.
 */
export async function areBestWeightsVerified(
  store: Store,
  trainingKey: string,
  best: readonly BestEntry[],
): Promise<boolean> {
  let verified = true;
  for (const { step, sha256: expected = '' } of best) {
    const key = layout.best(trainingKey, step);
    const found =
      (await isVerified(store, key, expected)) ||
      (await quarantine(store, key, (bytes) => sha256(bytes) === expected)) === 'verified';
    verified &&= found;
  }
  return verified;
}
