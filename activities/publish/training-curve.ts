/** Reads a trained model's loss and mAP for the report's charts. */
import { readMetrics } from '../../storage/training/metrics-segment';
import { stateRecord } from '../../storage/training/training-checkpoint';
import { layout } from '../../storage/layout';
import { readRecordIfPresent } from '../../storage/record';
import type { Store } from '../../storage/store';
import type { TrainedModel } from '../../workflows/contract/models';
import { type TrainingCurve, curvePoints } from '../../report/training-curve';

export async function readTrainingCurve(store: Store, model: TrainedModel): Promise<TrainingCurve> {
  const lines = await readMetrics(store, model.trainingKey, model.steps);
  const state = await readRecordIfPresent(
    store,
    layout.checkpoint(model.trainingKey, model.steps, 'state.json'),
    stateRecord,
  );
  return { name: model.name, ...curvePoints(lines), engine: state?.engine ?? null };
}
