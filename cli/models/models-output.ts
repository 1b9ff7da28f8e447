/** What `ced tag`, `ced embed` and `ced export` print with --json: a line each. */
import { z } from 'zod';

const formatVersion = z.literal(1);
const file = z.string();
const count = z.number().int();
const time = z.number().describe('Seconds from the start of the recording.');
const probability = z.number();
const tags = z.array(z.object({ label: z.string(), probability })).describe('Most probable first.');

export const taggedFileSchema = z
  .object({
    ...{ formatVersion, file },
    chunks: z.array(z.object({ start: time, end: time, tags })),
  })
  .describe('ced tag FILE… --model MODEL --json: a line for each file');
export type TaggedFile = z.output<typeof taggedFileSchema>;

export const taggedEventSchema = z
  .object({ formatVersion, file, start: time, end: time, label: z.string(), probability })
  .describe('ced tag FILE… --model MODEL --window S --json: a line for each event');
export type TaggedEvent = z.output<typeof taggedEventSchema>;

export const taggedWindowSchema = z
  .object({ formatVersion, file, start: time, end: time, tags })
  .describe('ced tag - --model MODEL --stream --json: a line for each window');
export type TaggedWindow = z.output<typeof taggedWindowSchema>;

export const embeddedSchema = z
  .object({ formatVersion, file, shape: z.tuple([count, count]).describe('Windows and width.') })
  .describe('ced embed FILE… --model MODEL --out FILE --json: one line');
export type Embedded = z.output<typeof embeddedSchema>;

const exportedFileSchema = z.object({
  precision: z.enum(['float32', 'int8']),
  bytes: count,
  mAP: z.exactOptional(z.number().nullable()),
  latencyMs: z.exactOptional(z.number().describe('Of a chunk on one core, median.')),
  realTimeFactor: z.exactOptional(z.number().describe('Seconds for a second of audio.')),
});

export const exportedSchema = z
  .union([
    z.object({
      ...{ formatVersion, file },
      longestSamples: z.null().describe('Of a clip that the file takes; null = any.'),
      files: z.array(exportedFileSchema).describe('Compared; the last was written.'),
      clips: count.nullable().describe('null without --eval.'),
      rejected: z.array(z.object({ clip: z.string(), reason: z.string() })),
      notes: z.array(z.string()),
    }),
    z
      .object({ formatVersion, file, bytes: count, samples: count.describe('That it takes.') })
      .describe('--to tflite'),
    z.object({
      ...{ formatVersion, folder: z.string() },
      files: z.array(z.object({ name: z.string(), bytes: count })),
    }),
  ])
  .describe('ced export --model MODEL --to FORMAT --out PLACE --json: one line');
