/**
 * A listing is what one audio shard is made from: immutable, named by its content, and all that an
 * ingest activity needs to know.
 */
import { z } from 'zod';

const listedClipSchema = z.object({
  clip: z.string(),
  /** Path or URI. */
  audio: z.string(),
  /** Where the clip lies inside `audio`, for members of a tar shard; absent = the whole of it. */
  range: z.exactOptional(z.object({ offset: z.number(), bytes: z.number() })),
  /**
   * Of a Parquet file, whose column chunk is `range`: the row, and what reading one takes, so that
   * no shard reads the file's footer again.
   */
  cell: z.exactOptional(
    z.object({
      row: z.number(),
      rows: z.number(),
      codec: z.string(),
      optional: z.array(z.boolean()),
    }),
  ),
  /** The part of the decoded recording that is the clip, in seconds; absent = all of it. */
  segment: z.exactOptional(z.object({ start: z.number(), end: z.number() })),
  /**
   * Of the source: size and modification time, generation or ETag. A changed one is ingested again.
   */
  fingerprint: z.string(),
  /** Class indexes of the run's vocabulary; null where the row has no labels. */
  labels: z.array(z.number()).nullable(),
});
export type ListedClip = z.output<typeof listedClipSchema>;

export const listingSchema = z.object({
  formatVersion: z.literal(1),
  clips: z.array(listedClipSchema),
  /** What is made of several channels; absent = their mean. */
  channels: z.exactOptional(z.enum(['first', 'loudest'])),
  rejected: z.array(z.object({ clip: z.string(), reason: z.string() })),
});
export type Listing = z.output<typeof listingSchema>;
