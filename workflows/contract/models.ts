/** Models and splits as workflows and activities name them. */

export type Split = 'train' | 'validation' | 'eval';

/** An immutable model in the store: `models/<sha256>/`. */
export interface ModelReference {
  name: string;
  sha256: string;
  parameters: number;
}

export interface EnsembleMember extends ModelReference {
  /** Weight as in the run file; normalised where it is used. */
  weight: number;
}

export interface TrainedModel extends ModelReference {
  trainingKey: string;
  bestEpoch: number;
  validationMAP: number | null;
  epochs: number;
  steps: number;
  rowsTrained: number;
  bitExact: boolean;
  /** Of the attempt that finished it. */
  seconds: number;
  /** Where that attempt began; absent = at the first step. */
  resumedAtStep?: number;
}
