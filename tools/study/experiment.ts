/**
 * The parts of the study: an arm is one ordinary run of the pipeline, a question compares arms. An
 * arm inherits every setting that it does not name from `base-run.ts`, so that two arms differ only
 * in the subject of their question.
 */
import type { z } from 'zod';
import type { RunResult } from '../../workflows/contract/activities';
import type { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';

export type RunInput = Omit<z.input<typeof distillRunSchema>, 'name'>;
export type TeachInput = Omit<z.input<typeof teachRunSchema>, 'name'>;

export type ArmRun = { type: 'distill'; run: RunInput } | { type: 'teach'; run: TeachInput };

export interface Arm {
  /** Part of the run's name. */
  readonly id: string;
  /** Its name in the table. */
  readonly label: string;
  /** An arm whose model is this arm's teacher; it runs first, under its first seed. */
  readonly needs?: Arm;
  /** @param needed result of `needs` */
  make(seed: number, needed: RunResult | null): ArmRun;
}

/** The finding of a comparison that agrees with the paper. */
export type Expectation = 'higher' | 'not lower' | 'open';

export interface Comparison {
  readonly arm: Arm;
  /** The question's reference minus this arm. */
  readonly expected: Expectation;
}

export interface Question {
  readonly id: string;
  readonly title: string;
  /** The paper's claim, in our words. */
  readonly claim: string;
  readonly reference: Arm;
  readonly comparisons: readonly Comparison[];
  /** A likely reason, and a next experiment, when the claim is not confirmed. */
  readonly otherwise: string;
  /**
   * The measure; agreement is the share of evaluation clips where student and ensemble name the
   * same class first.
   */
  readonly measure: 'mAP' | 'agreement';
  /** Rows show the bytes of the logits that their arm reads. */
  readonly bytes?: true;
}
