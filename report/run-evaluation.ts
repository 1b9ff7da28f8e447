/** Scores of a run's models on a split. */
import type { EnsembleAgreement } from '../workflows/contract/activities';
import type { PairAgreement } from '../ced/metrics/pair-agreement';
import type { TagScores } from '../ced/metrics/tag-scores';
import type { Latency } from '../ced/metrics/latency';
import type { WorstClip } from './worst-clip';

export interface ModelScore {
  /** Macro mean average precision, null without labels. */
  mAP: number | null;
  /** [classes], null for a class without a positive; empty without labels. */
  perClass: readonly (number | null)[];
  /** null if it was not measured: ensembles, foreign networks, scores of an earlier version. */
  latency: Latency | null;
  /** Of students and of the ensemble, as taggers; null without labels. */
  tags?: TagScores | null;
}

export interface StudentScore extends ModelScore {
  /** With the ensemble; null without one. */
  agreement: EnsembleAgreement | null;
  /** Of the divergence from the ensemble over clips; null without an ensemble. */
  spread: DivergenceSpread | null;
  worst: WorstClip[];
}

/** Divergence of single clips from the ensemble, nats per class. */
export interface DivergenceSpread {
  median: number;
  /** 90th percentile. */
  ninth: number;
  largest: number;
}

export interface NamedPair extends PairAgreement {
  /** Names. */
  between: [string, string];
}

export interface RunEvaluation {
  clips: number;
  /** In the vocabulary's order, with their numbers of labelled clips; empty without labels. */
  classes: { name: string; positives: number }[];
  teachers: ModelScore[];
  ensemble: ModelScore | null;
  /** Every two teachers, in the run file's order. */
  pairs: NamedPair[];
  students: StudentScore[];
}
