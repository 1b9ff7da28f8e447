/** What `ced store`, `ced logits`, `ced champion` and `ced report` print with --json. */
import { z } from 'zod';
import { costSchema } from '../../workflows/contract/activities';
import { championEntrySchema } from '../../workflows/contract/promotion';

const formatVersion = z.literal(1);
const place = z.string().describe('The store as a path or address.');
const count = z.number().int();
const index = z.number().int();

const unitSchema = z.object({
  name: z.string().describe('First parts of the keys of its objects.'),
  kind: z.string(),
  objects: count,
  bytes: count,
  newest: z.string().describe('When its newest object was written, ISO 8601.'),
  referredBy: z.array(z.string()).describe('What needs it; empty = nothing refers to it.'),
});

export const storeUseSchema = z
  .object({
    ...{ formatVersion, store: place },
    bytes: count.describe('Of all objects.'),
    kinds: z.array(z.object({ kind: z.string(), units: count, objects: count, bytes: count })),
    units: z.array(unitSchema).describe('The largest, as many as --top says.'),
  })
  .describe('ced store du STORE --json');

export const storeVerificationSchema = z
  .object({
    ...{ formatVersion, store: place },
    verified: count.describe('Objects whose recorded hash holds.'),
    damaged: z.array(z.object({ key: z.string(), why: z.string() })),
    leftOver: z.array(z.string()).describe('Keys of data that no manifest names; harmless.'),
    unhashed: count.describe('Objects without a recorded hash.'),
  })
  .describe('ced store verify STORE --json');

export const storeGarbageSchema = z
  .object({
    ...{ formatVersion, store: place },
    removed: z.boolean().describe('Whether --yes was given.'),
    bytes: count.describe('Of the units.'),
    units: z.array(unitSchema).describe('What was, or would be, removed.'),
    waiting: z
      .array(z.object({ name: z.string(), bytes: count, why: z.string() }))
      .describe('Units that nothing refers to and that stay for now.'),
  })
  .describe('ced store gc STORE --json');

const shareOrMean = z.number();

const surveySchema = z.object({
  formatVersion,
  key: z.string(),
  teachers: z
    .array(
      z.object({
        sha256: z.string(),
        name: z.string().nullable().describe('null where no finished run used these logits.'),
        share: z.number().describe('Of all weights together.'),
        frontEnd: z.string(),
        scores: z.array(z.object({ mAP: z.number().nullable(), clips: count })),
      }),
    )
    .describe('Empty for published logits.'),
  published: z.boolean(),
  agreement: z.array(
    z.object({
      between: z.tuple([index, index]).describe('Two teachers, by their place in `teachers`.'),
      topMatch: shareOrMean.describe('Share of rows with the same most probable class.'),
      meanDifference: shareOrMean.describe('Mean absolute difference of their probabilities.'),
    }),
  ),
  settings: z.record(z.string(), z.unknown()).describe('What the key hashes.'),
  ...{ shards: count, rowsPlanned: count, rowsWritten: count, bytes: count },
  ...{ views: count, topK: count },
  shardsRead: count.describe('The fields below are of as many shards.'),
  rowsRead: count,
  bytesPerRow: z.record(z.string(), z.number()).describe('By column.'),
  topClasses: z.array(
    z.object({
      ...{ index, name: z.string().nullable() },
      mean: shareOrMean.describe('Mean probability over the rows read.'),
      share: shareOrMean.describe('Share of rows where it is first.'),
    }),
  ),
  entropyBits: z.number().describe('Of a row, summed over its stored classes.'),
});

export const logitsSurveySchema = z
  .array(surveySchema)
  .describe('ced logits STORE --json: one object for each key');

const maskSchema = z.object({ start: index, width: count.describe('0 = not applied.') });

export const clipLogitsSchema = z
  .array(
    z.object({
      ...{ formatVersion, key: z.string(), clip: z.string() },
      views: z.array(
        z.object({
          ...{ chunk: index, view: index },
          shift: z.number().int().describe('Samples at 16 kHz, circular, to the right.'),
          timeMask: maskSchema.describe('Frames of 10 ms.'),
          freqMask: maskSchema.describe('Mel bins.'),
          tags: z
            .array(z.object({ index, name: z.string().nullable(), probability: z.number() }))
            .describe('The most probable classes, as many as --top says.'),
        }),
      ),
    }),
  )
  .describe('ced logits STORE --clip ID --json: one object for each key that has the clip');

export const championSchema = z
  .object({
    formatVersion,
    champion: championEntrySchema.describe('The newest entry.'),
    entries: z.array(championEntrySchema).describe('The newest last.'),
  })
  .describe('ced champion FOLDER --json');

/** Of the earlier and of the later run. */
const both = <S extends z.ZodType>(schema: S): z.ZodTuple<[S, S]> => z.tuple([schema, schema]);

export const comparisonSchema = z
  .object({
    formatVersion,
    runs: both(
      z.object({
        ...{ run: z.string(), workflowId: z.string() },
        place: z.string().describe('As the command named it.'),
      }),
    ).describe('The earlier run and the later, as in every pair below.'),
    eval: both(
      z.object({ clips: count, classes: count.describe('With a labelled clip.') }).nullable(),
    ).describe('What each was scored on; null of a run that an earlier version published.'),
    sameEval: z
      .boolean()
      .nullable()
      .describe('Whether clips, classes and labels of eval are as many; null = not known.'),
    models: z.array(
      z.object({
        role: z.enum(['teacher', 'ensemble', 'student']),
        name: z.string(),
        parameters: both(count.nullable()),
        mAP: both(z.number().nullable()),
        difference: z
          .object({
            mean: z.number(),
            low: z.number().nullable().describe('Of a 95 % interval; null of a single class.'),
            high: z.number().nullable(),
            classes: count,
          })
          .nullable()
          .describe('Later minus earlier, over the classes that both scored.'),
      }),
    ),
    classes: z
      .array(z.object({ name: z.string(), precision: both(z.number()), difference: z.number() }))
      .describe('Of the best students, the largest change first.'),
    cost: both(costSchema.nullable()),
    seconds: both(z.number()).describe('Of each run alone.'),
  })
  .describe('ced report RUN --compare OTHER --json');
