/** What a run's models are worth on a split. */
import type { PairAgreement } from '../ced/metrics/pair-agreement';
import type { Latency } from '../ced/metrics/latency';
import type { WorstClip } from './worst-clip';

export interface ModelScore {
  /** Macro mean average precision, null without labels. */
  mAP: number | null;
  /** [classes], null for a class without a positive; empty without labels. */
  perClass: readonly (number | null)[];
  /**
   * null where it was not measured: ensembles, networks that are not ours, scores of an earlier
   * version.
   */
  latency: Latency | null;
}

export interface StudentScore extends ModelScore {
  /** Agreement with the ensemble, null where there is none. */
  agreement: { divergence: number; topMatch: number } | null;
  /** Its spread over clips, null where there is no ensemble. */
  spread: DivergenceSpread | null;
  worst: WorstClip[];
}

/** Divergence of single clips from the ensemble, nats a class. */
export interface DivergenceSpread {
  median: number;
  /** Nine clips of ten stay below. */
  ninth: number;
  largest: number;
}

export interface NamedPair extends PairAgreement {
  /** Names. */
  between: [string, string];
}

export interface RunEvaluation {
  clips: number;
  /** In the vocabulary's order, with the clips that are labelled with it; empty without labels. */
  classes: { name: string; positives: number }[];
  teachers: ModelScore[];
  ensemble: ModelScore | null;
  /** Every two teachers, in the run file's order. */
  pairs: NamedPair[];
  students: StudentScore[];
}
