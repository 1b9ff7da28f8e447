/** What an earlier run made of the same clips, teachers and settings. */
import { earlierEvaluationSchema } from '../workflows/contract/promotion';
import { record } from './record';

export const evaluationRecord = record('earlier evaluation', 1, earlierEvaluationSchema);
