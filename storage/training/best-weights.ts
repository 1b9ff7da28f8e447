/**
 * The weights of the best validations, `training/<key>/best/<step>.safetensors`. Checkpoints refer
 * to them by step and SHA-256.
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

/** @throws if they are damaged or missing; the next attempt resumes from an earlier checkpoint */
export async function readBestWeights(
  store: Store,
  trainingKey: string,
  entry: BestEntry,
): Promise<Uint8Array> {
  const key = layout.best(trainingKey, entry.step);
  if (entry.sha256 === undefined) throw new Error(`${key}: its checkpoint has no hash of it`);
  const bytes = await readVerified(store, key, entry.sha256);
  if (!bytes) throw new Error(`${store.uri}: ${key} is missing or does not hash to its checkpoint`);
  return bytes;
}

/** Quarantines those that do not verify, so that training again can write them. */
export async function areBestWeightsVerified(
  store: Store,
  trainingKey: string,
  best: readonly BestEntry[],
): Promise<boolean> {
  let areAllVerified = true;
  for (const { step, sha256: expected = '' } of best) {
    const key = layout.best(trainingKey, step);
    const isThisVerified =
      (await isVerified(store, key, expected)) ||
      (await quarantine(store, key, expected)) === 'verified';
    areAllVerified &&= isThisVerified;
  }
  return areAllVerified;
}
