/** Inputs of `trainJob` for tests that run it directly, without a workflow. */
import type { TrainJobInput } from '../../jobs/train/training-job';
import type { TargetSource } from '../../workflows/contract/activities';

let attempts = 0;

/** A teacher from labels on one-second chunks, as a new attempt; `given` replaces any field. */
export function trainingInput(
  given: Pick<TrainJobInput, 'planKey' | 'settings' | 'augment'> & Partial<TrainJobInput>,
): TrainJobInput {
  return {
    store: '',
    run: 'test',
    init: null,
    targets: { kind: 'labels' },
    chunkSeconds: 1,
    ensemble: [],
    hasValidation: true,
    resume: 'continue',
    stopAfterEpoch: null,
    attemptId: `a${++attempts}`,
    ...given,
  };
}

/** Targets from the logits of a run file whose `logits` says views 2, topK 3 and seed 7. */
export function storedTargets(logitsKey: string): TargetSource {
  return { kind: 'logits', logitsKey, storedViews: 2, storedTopK: 3, seed: 7 };
}

/** The same where chunks are left out of them. */
export function partialTargets(logitsKey: string): TargetSource {
  return { ...storedTargets(logitsKey), partial: true } as TargetSource;
}
