/**
 * What the study is made of: an arm is one ordinary run of the pipeline, a question compares arms.
 * Everything an arm does not name is as in `base-run.ts`, so that two arms differ in what their
 * question is about and in nothing else.
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
  /** As the table says it. */
  readonly label: string;
  /** Another arm whose model this one's teachers need; it is run first, with its own first seed. */
  readonly needs?: Arm;
  /** @param needed result of `needs` */
  make(seed: number, needed: RunResult | null): ArmRun;
}

/** What a comparison should show if the paper is right. */
export type Expectation = 'higher' | 'not lower' | 'open';

export interface Comparison {
  readonly arm: Arm;
  /** Of the question's reference over this arm. */
  readonly expected: Expectation;
}

export interface Question {
  readonly id: string;
  readonly title: string;
  /** What the paper claims, in our words. */
  readonly claim: string;
  readonly reference: Arm;
  readonly comparisons: readonly Comparison[];
  /** What to think, and what to run next, when the claim is not seen. */
  readonly otherwise: string;
  /**
   * The measure; agreement is the share of evaluation clips where student and ensemble name the
   * same class first.
   */
  readonly measure: 'mAP' | 'agreement';
  /** Rows with the bytes that their prefix of the store would take. */
  readonly bytes?: true;
}
