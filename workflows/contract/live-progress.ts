/** Progress that activities report while they run. */

/** Speed of a training over its last steps. */
export interface Pace {
  /** Chunks. */
  clipsPerSecond: number;
  stepMs: number;
  /** Share of a step's time spent waiting for its batch. */
  dataWaitShare: number;
}

/** The workers that train a model together. */
export interface GroupState {
  /** Counts the groups that the leader's attempt has formed. */
  generation: number;
  members: number;
  /**
   * Of each member over its last steps, the leader's first; null = it has told none yet. With
   * epochs alone: a heartbeat is of one member.
   */
  stepsPerSecond?: (number | null)[];
}

/** Heartbeat details of every activity: what `ced watch` and `npm start` show live. */
export interface LiveProgress {
  /** `clips`, `rows`, `steps`. */
  unit: string;
  done: number;
  total: number;
  perSecond: number;
  etaSeconds: number | null;
  loss?: number;
  mAP?: number | null;
  /** Of the last validation without labels, from the ensemble; lower is better. */
  divergence?: number;
  epoch?: number;
  pace?: Pace;
  /** With whom a model is trained; absent = alone. */
  group?: GroupState;
  /** What it is doing while it counts nothing, e.g. `loading`, `tracing`, `validating`. */
  phase?: string;
}

/** Of what counts nothing. */
export function phaseProgress(phase: string): LiveProgress {
  return { unit: '', done: 0, total: 0, perSecond: 0, etaSeconds: null, phase };
}
