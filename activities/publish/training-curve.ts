/**
 * A trained model's course for the report, thin enough to draw: a long training has a hundred times
 * more steps than a screen has pixels.
 */
import { readMetrics } from '../../storage/training/metrics-segment';
import type { TrainingState } from '../../storage/training/training-checkpoint';
import { layout } from '../../storage/layout';
import { readJsonIfPresent, type Store } from '../../storage/store';
import type { TrainedModel } from '../../workflows/contract/models';
import { type TrainingCurve, curvePoints } from '../../report/training-curve';

export async function readTrainingCurve(store: Store, model: TrainedModel): Promise<TrainingCurve> {
  const lines = await readMetrics(store, model.trainingKey, model.steps);
  const state = await readJsonIfPresent<TrainingState>(
    store,
    layout.checkpoint(model.trainingKey, model.steps, 'state.json'),
  );
  return { name: model.name, ...curvePoints(lines), engine: state?.engine ?? null };
}
