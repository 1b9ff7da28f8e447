/** The activities as a worker registers them. */
import { Context, log } from '@temporalio/activity';
import type { CpuActivities, EpochRecord, GpuActivities } from '../workflows/contract/activities';
import { asActivity } from './activity-edge';
import type { ActivityDependencies } from './dependencies';
import { ingestShard } from './ingest-shard';
import { finalizeCorpus } from './finalize-corpus';
import { importPublishedLogits } from './import-published-logits';
import { writeLogits } from './write-logits';
import { importModels } from './import-models';
import { planCorpus } from './plan-corpus';
import { findChampion } from './find-champion';
import { findEvaluation } from './find-evaluation';
import { promoteChallenger } from './promote-challenger';
import { publishRun } from './publish-run';
import { progressMeter } from '../workflows/contract/progress-meter';

export function createCpuActivities(deps: ActivityDependencies): CpuActivities {
  return {
    planCorpus: (input) =>
      asActivity(deps, input, ({ onProgress }) => {
        const progress = progressMeter('rows', 0, deps.monotonicMs);
        return planCorpus(deps, input, (done, total) =>
          onProgress({ ...progress(done), total }),
        ).then((plan) => {
          for (const note of plan.notes ?? []) log.warn(note);
          return plan;
        });
      }),
    importModels: (input) => asActivity(deps, input, () => importModels(deps, input)),
    ingestShard: (input) =>
      asActivity(deps, input, ({ onProgress }) => ingestShard(deps, input, onProgress)),
    sealCorpus: (input) => asActivity(deps, input, () => finalizeCorpus(deps, input)),
    writeLogits: (input) => asActivity(deps, input, () => writeLogits(deps, input)),
    importPublishedLogits: (input) =>
      asActivity(deps, input, ({ onProgress }) => importPublishedLogits(deps, input, onProgress)),
    findJudgement: (input) => asActivity(deps, input, () => findEvaluation(deps, input)),
    findChampion: (input) => asActivity(deps, input, () => findChampion(deps, input)),
    promoteChallenger: (input) => asActivity(deps, input, () => promoteChallenger(deps, input)),
    publishRun: (input) => asActivity(deps, input, () => publishRun(deps, input)),
  };
}

export function createGpuActivities(deps: ActivityDependencies): GpuActivities {
  return {
    scoreModel: (input) =>
      asActivity(deps, input, (edge) => deps.engine.run({ kind: 'score', input }, edge)),
    compareModels: (input) =>
      asActivity(deps, input, (edge) => deps.engine.run({ kind: 'compare', input }, edge)),
    computeLogits: (input) =>
      asActivity(deps, input, (edge) => {
        const { workflowExecution } = Context.current().info;
        const owner =
          workflowExecution &&
          `${workflowExecution.workflowId}/${workflowExecution.runId}/${input.shard}`;
        return deps.engine.run(
          { kind: 'logits', input: { ...input, ...(owner === undefined ? {} : { owner }) } },
          edge,
        );
      }),
    trainModel: (input) =>
      asActivity(deps, input, (edge) => {
        const { info } = Context.current();
        const attemptId =
          `${info.workflowExecution?.runId ?? 'none'}-${info.activityId}-${info.attempt}`.replace(
            /[^A-Za-z0-9-]/g,
            '-',
          );
        let told = Promise.resolve();
        const onEpoch = (record: EpochRecord): void => {
          const { workflowExecution } = info;
          if (workflowExecution)
            told = Promise.all([told, deps.notifyEpoch(workflowExecution, record)]).then(
              () => undefined,
            );
        };
        // A run that hears of the end first may be another by then, and would never hear of the
        // last epochs.
        return deps.engine
          .run({ kind: 'train', input: { ...input, attemptId } }, { ...edge, onEpoch })
          .finally(() => told);
      }),
  };
}
