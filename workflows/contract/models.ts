/** Models and splits as workflows and activities name them. */
import { z } from 'zod';
import { hintSchema } from './hints';

export const SPLITS = ['train', 'validation', 'eval'] as const;
export type Split = (typeof SPLITS)[number];

/** An immutable model in the store: `models/<sha256>/`. */
export interface ModelReference {
  name: string;
  sha256: string;
  /** null, or 0 in runs of earlier versions, where a worker does not tell how many. */
  parameters: number | null;
}

/** A model that is scored on a run's classes. */
export interface ScoredReference extends ModelReference {
  /**
   * How many of the run's classes it lacks, where the run file lets it abstain from them. Absent =
   * none.
   */
  missing?: number;
}

export interface EnsembleMember extends ScoredReference {
  /** Weight as in the run file; normalised where it is used. */
  weight: number;
  /** Hz of the audio that it takes; absent = 16 kHz. */
  sampleRate?: number;
}

/** A training's manifest in the store. */
export const trainedModelSchema = z.object({
  name: z.string(),
  sha256: z.string(),
  parameters: z.number(),
  trainingKey: z.string(),
  bestEpoch: z.number(),
  validationMAP: z.number().nullable(),
  /** As in an epoch's record; absent where validation has labels, and of earlier versions. */
  validationDivergence: z.exactOptional(z.number()),
  /** The checkpoint of `init` and what was taken over; absent without, and of earlier versions. */
  startedFrom: z.exactOptional(
    z.object({
      sha256: z.string(),
      /** Of the model's classes, those whose row of the head was taken over. */
      classes: z.number(),
      /** Patches in time that the checkpoint's positions covered and that the model's cover. */
      positions: z.exactOptional(z.object({ from: z.number(), to: z.number() })),
    }),
  ),
  epochs: z.number(),
  steps: z.number(),
  rowsTrained: z.number(),
  /** Training clips left out by the run file's `selection`; absent = none. */
  leftOutClips: z.exactOptional(z.number()),
  bitExact: z.boolean(),
  /** Of the attempt that finished it. */
  seconds: z.number(),
  /** Where that attempt began; absent = at the first step. */
  resumedAtStep: z.exactOptional(z.number()),
  /** What its curve says; absent = nothing, and of earlier versions. */
  hints: z.exactOptional(z.array(hintSchema)),
});
export type TrainedModel = z.output<typeof trainedModelSchema>;

/** The last validation up to an epoch; `divergence` as in an epoch's record. */
export interface EpochMeasure {
  epoch: number;
  mAP: number | null;
  divergence?: number;
}
