/** A stored logit shard: the manifest that vouches for it, and how it is found. */
import { z } from 'zod';
import type { LogitsShard } from '../../workflows/contract/activities';
import { layout } from '../layout';
import { leftOutSchema, toldLeftOut } from '../left-out';
import { quarantine } from '../quarantine';
import { readRecordIfPresent, record, RecordDamaged, type RecordOf } from '../record';
import type { Store } from '../store';

const gateScoresSchema = z.object({
  split: z.enum(['validation', 'eval']),
  /** Macro mAP of each in run-file order; null where the split has no labels. */
  teachers: z.array(z.number().nullable()),
  ensemble: z.number().nullable(),
});
export type GateScores = z.output<typeof gateScoresSchema>;

/** Notes on predicted rows: duration and agreement of the teachers. */
export const rowNotesSchema = z.object({
  seconds: z.number(),
  /** Of every two teachers on this shard; absent for imported logits. */
  agreement: z.exactOptional(
    z.array(
      z.object({
        between: z.tuple([z.number(), z.number()]),
        topMatch: z.number(),
        meanDifference: z.number(),
      }),
    ),
  ),
  /**
   * SHA-256 of the shard's audio at 16 kHz, where its name covers further rates; absent = its name.
   */
  audio: z.exactOptional(z.string()),
  /** Chunks of which a teacher said nothing; absent = none. */
  leftOut: z.exactOptional(leftOutSchema),
  /** Of a run's first shard: what let it go on. */
  gate: z.exactOptional(z.array(gateScoresSchema)),
});
export type RowNotes = z.output<typeof rowNotesSchema>;

export const logitsRecord = record(
  'logit shard manifest',
  1,
  rowNotesSchema.extend({
    formatVersion: z.literal(1),
    /** Those written and those of chunks that are left out. */
    rowsPlanned: z.number(),
    rowsWritten: z.number(),
    sha256: z.string(),
    bytes: z.number(),
  }),
);
export type LogitsManifest = RecordOf<typeof logitsRecord>;

export async function storedShard(
  store: Store,
  key: string,
  audioSha256: string,
): Promise<LogitsShard | null> {
  const manifestKey = layout.logitsManifest(key, audioSha256);
  const manifest = await readRecordIfPresent(store, manifestKey, logitsRecord).catch(
    async (error: unknown) => {
      if (!(error instanceof RecordDamaged)) throw error;
      await quarantineShard(store, key, audioSha256);
      return null;
    },
  );
  if (manifest === null || !(await store.exists(layout.logits(key, audioSha256)))) return null;
  return {
    logitsKey: key,
    rows: manifest.rowsWritten,
    bytes: manifest.bytes,
    seconds: manifest.seconds,
    reused: true,
    ...(manifest.leftOut ? { leftOut: toldLeftOut(manifest.leftOut) } : {}),
  };
}

/** Shard and manifest, as which of the two is wrong cannot be known. */
export async function quarantineShard(
  store: Store,
  key: string,
  audioSha256: string,
): Promise<void> {
  await quarantine(store, layout.logitsManifest(key, audioSha256));
  await quarantine(store, layout.logits(key, audioSha256));
}
