/** A finished training: its model, and how it went. */
import { trainedModelSchema } from '../../workflows/contract/models';
import { record } from '../record';

export const trainingRecord = record('training manifest', 1, trainedModelSchema);
