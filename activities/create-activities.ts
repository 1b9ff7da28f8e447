/** The activities as a worker registers them. */
import { Context, log } from '@temporalio/activity';
import type { CpuActivities, EpochRecord, GpuActivities } from '../workflows/contract/activities';
import { asActivity } from './activity-edge';
import { trainingAttemptId } from './attempt-record';
import type { ActivityDependencies } from './dependencies';
import { EpochSignals } from './epoch-signals';
import { ingestShard } from './ingest-shard';
import { finalizeCorpus } from './finalize-corpus';
import { importPublishedLogits } from './import-published-logits';
import { writeLogits } from './write-logits';
import { acceptTeacher } from './accept-teacher';
import { checkProbe } from './check-probe';
import { requireClasses } from './require-classes';
import { scoreOutputs } from './score-outputs';
import { writeRows } from './write-rows';
import { importModels } from './import-models';
import { planCorpus } from './plan-corpus';
import { compareWithLabels } from './compare-with-labels';
import { fitEnsemble } from './fit-ensemble';
import { findChampion } from './find-champion';
import { findEvaluation } from './find-evaluation';
import { promoteChallenger } from './promote-challenger';
import { publishRun } from './publish-run';
import { leadTraining } from './training-group/lead-training';
import { joinTraining } from './training-group/group-member';
import { progressMeter } from '../workflows/contract/progress-meter';

export function createCpuActivities(deps: ActivityDependencies): CpuActivities {
  return {
    planCorpus: (input) =>
      asActivity(deps, input, ({ onProgress }, own) => {
        const progress = progressMeter('rows', 0, own.monotonicMs);
        return planCorpus(own, input, (done, total) =>
          onProgress({ ...progress(done), total }),
        ).then((plan) => {
          for (const note of plan.notes ?? []) log.warn(note);
          return plan;
        });
      }),
    importModels: (input) =>
      asActivity(deps, input, async (_, own) => {
        const models = await importModels(own, input);
        for (const note of models.notes ?? []) log.warn(note);
        return models;
      }),
    acceptTeacher: (input) =>
      asActivity(deps, input, async (_, own) => {
        const accepted = await acceptTeacher(own, input);
        for (const note of accepted.notes ?? []) log.warn(note);
        return accepted;
      }),
    checkProbe: (input) => asActivity(deps, input, (_, own) => checkProbe(own, input)),
    requireClasses: (input) => asActivity(deps, input, (_, own) => requireClasses(own, input)),
    ingestShard: (input) =>
      asActivity(deps, input, ({ onProgress, onAlive }, own) =>
        ingestShard(own, input, onProgress, onAlive),
      ),
    sealCorpus: (input) => asActivity(deps, input, (_, own) => finalizeCorpus(own, input)),
    writeRows: (input) => asActivity(deps, input, (_, own) => writeRows(own, input)),
    scoreOutputs: (input) =>
      asActivity(deps, input, ({ onProgress }, own) => scoreOutputs(own, input, onProgress)),
    writeLogits: (input) =>
      asActivity(deps, input, ({ onAlive }, own) => writeLogits(own, input, onAlive)),
    importPublishedLogits: (input) =>
      asActivity(deps, input, ({ onProgress }, own) =>
        importPublishedLogits(own, input, onProgress),
      ),
    fitEnsemble: (input) =>
      asActivity(deps, input, ({ onAlive }, own) => fitEnsemble(own, input, onAlive)),
    compareWithLabels: (input) =>
      asActivity(deps, input, ({ onAlive }, own) => compareWithLabels(own, input, onAlive)),
    findJudgement: (input) => asActivity(deps, input, (_, own) => findEvaluation(own, input)),
    findChampion: (input) => asActivity(deps, input, (_, own) => findChampion(own, input)),
    promoteChallenger: (input) =>
      asActivity(deps, input, (_, own) => promoteChallenger(own, input)),
    publishRun: (input) =>
      asActivity(deps, input, ({ onAlive }, own) => publishRun(own, input, onAlive)),
  };
}

export function createGpuActivities(deps: ActivityDependencies): GpuActivities {
  return {
    scoreModel: (input) =>
      asActivity(deps, input, (attempt) => deps.engine.run({ kind: 'score', input }, attempt)),
    compareModels: (input) =>
      asActivity(deps, input, (attempt) => deps.engine.run({ kind: 'compare', input }, attempt)),
    tryTeachers: (input) =>
      asActivity(deps, input, (attempt) => deps.engine.run({ kind: 'try', input }, attempt)),
    computeLogits: (input) =>
      asActivity(deps, input, (attempt) => {
        const { workflowExecution } = Context.current().info;
        const owner =
          workflowExecution &&
          `${workflowExecution.workflowId}/${workflowExecution.runId}/${input.shard}`;
        return deps.engine.run(
          { kind: 'logits', input: { ...input, ...(owner === undefined ? {} : { owner }) } },
          attempt,
        );
      }),
    trainModel: (input) =>
      asActivity(deps, input, async (attempt) => {
        const { info } = Context.current();
        const { runId = 'none' } = info.workflowExecution ?? {};
        const attemptId = trainingAttemptId(`${runId} ${info.activityId}`, info.attempt);
        const { workflowExecution } = info;
        const epochs = new EpochSignals(async (record) => {
          if (workflowExecution) await deps.notifyEpoch(workflowExecution, record);
        }, deps.monotonicMs);
        const onEpoch = (record: EpochRecord): void => epochs.epoch(record);
        const job = { kind: 'train', input: { ...input, attemptId } } as const;
        // The epochs are signalled before the training's result: after it the run may have gone on
        // under another id, where their signals would be lost.
        return await leadTraining(deps, input.settings, info, { ...attempt, onEpoch }, (watched) =>
          deps.engine.run(job, watched),
        ).finally(() => epochs.end());
      }),
    joinTraining: async (input) => {
      const { peers } = deps;
      // Before it is an attempt: it may be tried every minute.
      if (!peers) throw new Error('this worker was started without --peers: it trains alone');
      return await asActivity(deps, input, (attempt) =>
        joinTraining(deps.engine, peers, input, attempt),
      );
    },
  };
}
