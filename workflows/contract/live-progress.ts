/** What activities say of themselves while they are at work. */

/** How fast a training goes just now, over its last steps. */
export interface Pace {
  /** Chunks. */
  clipsPerSecond: number;
  stepMs: number;
  /** Share of a step's time in which its batch was not there yet. */
  dataWaitShare: number;
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
  epoch?: number;
  pace?: Pace;
  /** What is happening when nothing is counted, e.g. `loading`, `tracing`, `validating`. */
  phase?: string;
}
