/** `runs/<run>/plan.json`: the plan whose shards the run's next retraining reuses. */
import { z } from 'zod';
import { record } from '../record';

export const lastPlanRecord = record(
  'pointer to the last plan',
  1,
  z.object({ formatVersion: z.literal(1), planKey: z.string() }),
);
