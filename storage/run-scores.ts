/** A published run's `scores.json`. */
import { runScoresSchema } from '../workflows/contract/run-scores';
import { record } from './record';

export const runScoresRecord = record('scores of a run', 1, runScoresSchema);
