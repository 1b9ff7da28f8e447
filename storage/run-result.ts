/** A published run's `result.json`. */
import { runResultSchema } from '../workflows/contract/activities';
import { record } from './record';

export const resultRecord = record('result', 1, runResultSchema);
