/**
 * Thresholds of a model, `thresholds.json` beside its weights: written with the model, and by the
 * training that has scores on labelled validation clips. Models of earlier versions and of others
 * have none.
 */
import { thresholdsSchema, type Thresholds } from '../../ced/metrics/thresholds';
import { layout } from '../layout';
import { createRecordOrAdopt } from '../quarantine';
import { readRecordIfPresent, record } from '../record';
import type { Store } from '../store';

export const thresholdsRecord = record('thresholds of a model', 1, thresholdsSchema);

/** Those that are there already stay: a machine of another kind differs in last digits. */
export async function keepThresholds(
  store: Store,
  modelSha256: string,
  thresholds: Thresholds,
): Promise<void> {
  const key = layout.modelThresholds(modelSha256);
  await createRecordOrAdopt(store, key, thresholdsRecord, thresholds);
}

/** null where the model has none. @throws as `decodeRecord` */
export async function readThresholds(
  store: Store,
  modelSha256: string,
): Promise<Thresholds | null> {
  return await readRecordIfPresent(store, layout.modelThresholds(modelSha256), thresholdsRecord);
}
