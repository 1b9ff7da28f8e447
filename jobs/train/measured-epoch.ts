/**
 * The validation of a training at one of its epochs, from its metrics: the same whether the
 * training ended there or has gone further in this store.
 */
import { readMetrics } from '../../storage/training/metrics-segment';
import type { Store } from '../../storage/store';
import type { EpochMeasure, TrainedModel } from '../../workflows/contract/models';

/** @returns the last validation up to this epoch; null where there was none */
export async function measuredBy(
  store: Store,
  { trainingKey, steps }: Pick<TrainedModel, 'trainingKey' | 'steps'>,
  lastEpoch: number,
): Promise<EpochMeasure | null> {
  const lines = await readMetrics(store, trainingKey, steps);
  const validated = lines.flatMap((line): EpochMeasure[] => {
    if (!('epoch' in line) || line.epoch > lastEpoch) return [];
    const { epoch, mAP, divergence } = line;
    if (mAP === null && divergence === undefined) return [];
    return [{ epoch, mAP, ...(divergence === undefined ? {} : { divergence }) }];
  });
  return validated.at(-1) ?? null;
}
