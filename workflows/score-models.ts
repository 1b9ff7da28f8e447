/**
 * Scores models on splits, one activity per model and split. Scores that the store already holds
 * cost nothing.
 */
import { gpu } from './activity-proxies';
import { withRepair } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';
import type { Scored } from './contract/activities';
import type { ModelReference, ScoredReference, Split } from './contract/models';
import { recordScore } from './contract/model-scores';
import type { WorkerTeachers } from './worker-teachers';

export interface Scoring {
  run: { store: string };
  corpus: PreparedCorpus;
  chunkSeconds: number;
  precision: 'float32' | 'bfloat16';
  models: ScoredReference[];
  splits: Split[];
  /** Scored on validation too, and on it alone. */
  alsoOnValidation?: ScoredReference[];
  /** To be timed side by side, when the last score is known. */
  timed?: ModelReference[];
  /** Of the models, those that are teachers in other workers. */
  workers?: WorkerTeachers;
}

export async function scoreModels(
  control: RunControl,
  stageName: 'gate' | 'evaluate',
  scoring: Scoring,
): Promise<void> {
  const { run, corpus, chunkSeconds, precision } = scoring;
  const work = scoring.splits
    .filter((split) => corpus.finalized[split] !== null)
    .flatMap((split) =>
      [...scoring.models, ...(split === 'validation' ? (scoring.alsoOnValidation ?? []) : [])].map(
        (model) => ({ split, model }),
      ),
    );
  const input = { store: run.store, planKey: corpus.plan.planKey, chunkSeconds, precision };
  await control.stage(stageName, work.length, async (stage) => {
    await control.forEachItem(stage, 4, async (item) => {
      const each = work[item];
      if (!each) return;
      const { name, sha256, parameters, missing } = each.model;
      const model = { name, sha256, parameters, ...(missing === undefined ? {} : { missing }) };
      const { split } = each;
      const timed =
        item === work.length - 1 && scoring.timed?.map((one) => ({ sha256: one.sha256 }));
      const scored = scoring.workers?.has(name)
        ? await scoring.workers.score(corpus, split, model)
        : await withRepair(
            () =>
              control.interruptibly('other', () =>
                gpu.scoreModel({ ...input, split, model, ...(timed ? { timed } : {}) }),
              ),
            corpus.repair,
          );
      if (scored.leftOut) control.note([leftOutNote(name, split, scored.leftOut)]);
      const role = stageName === 'gate' ? 'teacher' : 'student';
      if (split === 'eval') recordScore(control.status, role, name, scored.mAP);
    });
  });
}

function leftOutNote(name: string, split: Split, leftOut: NonNullable<Scored['leftOut']>): string {
  const { chunks, examples } = leftOut;
  return (
    `${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} of ${split} left out of the scores of ` +
    `${name}, which gave zeros, equal values or NaN: ${examples.join('; ')}`
  );
}
