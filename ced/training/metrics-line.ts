/** One line of a training's metrics. */

export type MetricsLine =
  | { step: number; loss: number; lr: number }
  | {
      epoch: number;
      step: number;
      loss: number;
      mAP: number | null;
      /** From the ensemble, where validation has no labels; absent elsewhere. */
      divergence?: number;
    };
