/**
 * The champion: the model in service, named by a create-only ledger `<champion>/<n>.json` whose
 * highest number counts. A promotion adds an entry, a rollback another; none is ever replaced.
 */
import { z } from 'zod';
import type { Halving } from './halving';
import type { LogitsSettings, PublishedLogits, Student } from './run-file-sections';
import type { EnsembleMember, ModelReference, TrainedModel } from './models';

/** The champion that a model was compared with. */
const opponentSchema = z.object({
  entry: z.number(),
  sha256: z.string(),
  mAP: z.number().nullable(),
});

/**
 * One line of the ledger. Its model lies beside it, `models/<sha256>/`, so that a champion's folder
 * needs no store.
 */
export const championEntrySchema = z.object({
  formatVersion: z.literal(1),
  entry: z.number(),
  action: z.enum(['promotion', 'rollback']),
  student: z.string(),
  sha256: z.string(),
  parameters: z.number(),
  /** On eval, when it was promoted. */
  mAP: z.number(),
  /** The champion it was measured against, on the same clips; null for the first. */
  against: opponentSchema.nullable(),
  /** Content of the eval split (clips and labels) on which both were scored. */
  evalSha256: z.string(),
  /**
   * Number of the entry that counted before this model was promoted: where a rollback leads. null =
   * there is none.
   */
  previous: z.number().nullable(),
  /** Of a rollback: the entry rolled back. */
  tookBack: z.exactOptional(z.number()),
  store: z.string(),
  run: z.string(),
  workflowId: z.string(),
  workflowRunId: z.string(),
  /** ISO 8601, by the writer's clock. */
  at: z.string(),
});
export type ChampionEntry = z.output<typeof championEntrySchema>;

export interface FindChampionInput {
  /** Store of the run, which receives a copy of the champion's weights. */
  store: string;
  /** The run file's `promote.champion`. */
  champion: string;
}
export interface Champion extends ModelReference {
  entry: number;
}

export interface CompareInput {
  store: string;
  planKey: string;
  champion: ModelReference | null;
  challenger: ModelReference;
  chunkSeconds: number;
}
export interface Comparison {
  evalSha256: string;
  /** null without a champion, or without labels. */
  champion: number | null;
  challenger: number | null;
}

export interface PromoteInput {
  store: string;
  champion: string;
  minGain: number;
  run: string;
  workflowId: string;
  workflowRunId: string;
  challenger: TrainedModel;
  /** The champion that it was compared with; null without one. */
  incumbent: Champion | null;
  comparison: Comparison;
}
export const promotionSchema = z.object({
  outcome: z.enum(['promoted', 'kept', 'refused']),
  student: z.string(),
  sha256: z.string(),
  mAP: z.number().nullable(),
  against: opponentSchema.nullable(),
  minGain: z.number(),
  /** Entry of the ledger that counts now, null while there is none. */
  entry: z.number().nullable(),
  /** The outcome as a sentence. */
  says: z.string(),
});
export type Promotion = z.output<typeof promotionSchema>;
/** Another run changed the champion after the comparison, which must be made again. */
export interface Overtaken {
  overtaken: true;
}

/** All that a retraining depends on, except the champion: the same needs no second evaluation. */
export interface FindEvaluationInput {
  store: string;
  run: string;
  planKey: string;
  ensemble: EnsembleMember[];
  settings: {
    logits: LogitsSettings | PublishedLogits;
    students: Student[];
    promote: unknown;
    ensemble?: string;
    selection?: { activity: string; taskQueue: string };
    halving?: Halving;
  };
  /** Its folder, to say which entry stands; absent in histories of earlier versions. */
  champion?: string;
}
export interface FoundEvaluation {
  /** null while the corpus of the plan has not been read. */
  key: string | null;
  /** By an earlier run with the same clips, teachers and settings. */
  judged: EarlierEvaluation | null;
  /** Asked for with `judged` only; absent = not asked, or there is none. */
  champion?: StandingChampion;
}
/** The newest entry of a champion's ledger. */
export type StandingChampion = Pick<ChampionEntry, 'entry' | 'student' | 'mAP' | 'tookBack'>;
export const earlierEvaluationSchema = z.object({
  workflowId: z.string(),
  workflowRunId: z.string(),
  says: z.string(),
});
export type EarlierEvaluation = z.output<typeof earlierEvaluationSchema>;

/** A retraining that found nothing new. */
export const unchangedSchema = z.object({
  run: z.string(),
  outcome: z.literal('unchanged'),
  judged: earlierEvaluationSchema,
  says: z.string(),
});
export type Unchanged = z.output<typeof unchangedSchema>;
