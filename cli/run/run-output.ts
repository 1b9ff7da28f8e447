/** What `npm start`, `npm run teach`, `ced watch` and `ced plan` print with --json. */
import { z } from 'zod';
import { LINK_NAMES } from '../../ced/training/group-cost';
import { runResultSchema, type RunResult } from '../../workflows/contract/activities';
import { halvingSchema } from '../../workflows/contract/halving';
import { unchangedSchema, type Unchanged } from '../../workflows/contract/promotion';

const formatVersion = z.literal(1);
const count = z.number().int();
const bytes = z.number();

export const runOutputSchema = z
  .union([
    runResultSchema.describe("A run that has ended: its result.json, in the run's store too."),
    unchangedSchema
      .extend({ formatVersion })
      .describe(
        'A retraining that found nothing new, and the earlier run that evaluated the same.',
      ),
  ])
  .describe('npm start --silent -- --json, npm run --silent teach -- --json, ced watch ID --json');

/** A workflow that found nothing new returns no version: earlier versions returned none. */
export function runOutput(result: RunResult | Unchanged): z.output<typeof runOutputSchema> {
  return 'outcome' in result ? { formatVersion: 1, ...result } : result;
}

const plannedSplitSchema = z.object({
  ...{ clips: count, shards: count, chunks: count, audioBytes: bytes },
  rejectedSoFar: count.describe('Rows of the table, and clips of the sample.'),
});

const groupSchema = z.object({
  ...{ workers: count, link: z.enum(LINK_NAMES), memoryGigabytes: z.number() },
  trainings: z.array(
    z.object({
      ...{ name: z.string(), parts: count, hours: z.number() },
      seconds: z
        .object({ computing: z.number(), exchange: z.number(), adam: z.number() })
        .describe('Of a step.'),
      efficiency: z.number().describe('Of the speed of as many single workers.'),
      limit: z
        .enum(['parts', 'link', 'adam'])
        .nullable()
        .describe('What costs the most of what is missing to 1; null from 0.95 on.'),
      sentBytes: z
        .object({ step: bytes, training: bytes })
        .describe('By a worker in a step, and by all in the whole training.'),
    }),
  ),
  hours: z.object({
    logits: z.number().nullable().describe('null where a teacher is not known here.'),
    training: z.number(),
  }),
  money: z
    .object({ logits: z.number().nullable(), training: z.number() })
    .nullable()
    .describe('Of all workers for these hours; null without --price.'),
});

export type GroupEstimate = z.output<typeof groupSchema>;

export const runPlanSchema = z
  .object({
    ...{ formatVersion, run: z.string() },
    splits: z.object({
      train: z.exactOptional(plannedSplitSchema),
      validation: z.exactOptional(plannedSplitSchema),
      eval: z.exactOptional(plannedSplitSchema),
    }),
    logits: z
      .object({ rows: count, bytes, operations: z.number().nullable() })
      .nullable()
      .describe('null where the run computes none.'),
    outputs: z
      .object({ teachers: count, bytes })
      .nullable()
      .describe('Of workers, and of all teachers with logits.keepOutputs; null = none are kept.'),
    teachers: z.array(z.object({ name: z.string(), parameters: count.nullable() })),
    trainings: z.array(
      z.object({
        ...{ name: z.string(), parameters: count, epochs: count, steps: count },
        trainedParameters: count.describe('Those that are not frozen.'),
        ...{ operations: z.number(), hours: z.number(), checkpointBytes: bytes },
      }),
    ),
    halving: halvingSchema
      .nullable()
      .describe('As the run file says: hours and operations of a training are to its last epoch.'),
    problems: z.array(z.string()).describe('For which the run would be refused.'),
    notes: z.array(z.string()).describe('What the run would adapt, and settings to look at.'),
    storeBytes: bytes,
    hours: z.object({
      teraflops: z.number().describe('As --tflops says.'),
      logits: z.number().nullable().describe('null where a teacher is not known here.'),
      training: z.number().describe('Of all; with halving the most it can be.'),
    }),
    group: groupSchema.nullable().describe('On several workers; null without --workers.'),
  })
  .describe('ced plan RUN.json --json');
export type RunPlan = Omit<z.output<typeof runPlanSchema>, 'formatVersion'>;
