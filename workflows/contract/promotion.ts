/**
 * What is said about the champion: the model that serves, named by a create-only ledger
 * `<champion>/<n>.json` whose highest number counts. A challenger takes its place by one more
 * entry, a rollback by another; nothing is ever replaced.
 */
import type { LogitsSettings, PublishedLogits, Student } from './run-file-sections';
import type { EnsembleMember, ModelReference, TrainedModel } from './models';

/**
 * One line of the ledger. Its model lies beside it, `models/<sha256>/`, so that a champion's folder
 * needs no store.
 */
export interface ChampionEntry {
  formatVersion: 1;
  entry: number;
  action: 'promotion' | 'rollback';
  student: string;
  sha256: string;
  parameters: number;
  /** On eval, when it was promoted. */
  mAP: number;
  /** The champion it was measured against, on the same clips; null for the first. */
  against: { entry: number; sha256: string; mAP: number | null } | null;
  /** Content of the eval split (clips and labels) on which both were heard. */
  evalSha256: string;
  /**
   * Number of the entry that counted before this model was promoted: where a rollback leads. null =
   * there is none.
   */
  previous: number | null;
  /** Of a rollback: the entry taken back. */
  tookBack?: number;
  store: string;
  run: string;
  workflowId: string;
  workflowRunId: string;
  /** ISO 8601, by the clock of whoever wrote it. */
  at: string;
}

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
  /** Whom it was compared with, and how both did. */
  incumbent: Champion | null;
  comparison: Comparison;
}
export interface Promotion {
  outcome: 'promoted' | 'kept' | 'refused';
  student: string;
  sha256: string;
  mAP: number | null;
  /** What it was compared with. */
  against: { entry: number; sha256: string; mAP: number | null } | null;
  minGain: number;
  /** Entry of the ledger that counts now, null while there is none. */
  entry: number | null;
  /** The outcome as a sentence. */
  says: string;
}
/** Somebody else changed the champion since the comparison: it is to be made again. */
export interface Overtaken {
  overtaken: true;
}

/**
 * All that a retraining depends on, but for the champion: the same again needs no second judgement.
 */
export interface FindEvaluationInput {
  store: string;
  run: string;
  planKey: string;
  ensemble: EnsembleMember[];
  settings: { logits: LogitsSettings | PublishedLogits; students: Student[]; promote: unknown };
}
export interface FoundEvaluation {
  /** null while the corpus of the plan has not been read. */
  key: string | null;
  /** What an earlier run made of the same clips, teachers and settings. */
  judged: EarlierEvaluation | null;
}
export interface EarlierEvaluation {
  workflowId: string;
  workflowRunId: string;
  says: string;
}

/** A retraining that found nothing new. */
export interface Unchanged {
  run: string;
  outcome: 'unchanged';
  judged: EarlierEvaluation;
  says: string;
}
