/**
 * Distillation that a schedule starts again and again with one run file. If clips, teachers and
 * settings are those of an earlier run, it ends at once and says so. Otherwise it ingests the new
 * clips, predicts their logits, trains, and compares the challenger with the champion.
 *
 * A failure's message names the cause and not the activity: a schedule that pauses itself shows the
 * message as its reason.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  setCurrentDetails,
} from '@temporalio/workflow';
import { acceptRun } from './accept-run';
import { cpu } from './activity-proxies';
import type { Continuation } from './continuation';
import { runToEnd } from './run-to-end';
import type { ImportedModels, Plan, RunResult } from './contract/activities';
import type { FoundEvaluation, Unchanged } from './contract/promotion';
import { retrainRunSchema, type DistillRun } from './contract/run-file';
import { furtherRatesOf } from './contract/sample-rates';
import {
  distillAndPublish,
  distillationStages,
  importModels,
  planDistillation,
} from './distillation';
import { ingestCorpus } from './prepare-corpus';
import { RunControl } from './run-control';
import { HistoryTooLong } from './history-length';
import { unchanged } from './unchanged';

export async function retrain(
  input: unknown,
  continuation?: Continuation,
): Promise<RunResult | Unchanged> {
  const run = acceptRun(retrainRunSchema, input);
  const control = new RunControl(run.name, distillationStages(run), continuation);
  return await runToEnd(control, input, async () => {
    try {
      const outcome = await retrainIfNew(control, run);
      setCurrentDetails(
        'promotion' in outcome && outcome.promotion
          ? outcome.promotion.says
          : 'says' in outcome
            ? outcome.says
            : '',
      );
      return outcome;
    } catch (error) {
      if (isCancellation(error) || error instanceof HistoryTooLong) throw error;
      const failure = reasonOf(error);
      setCurrentDetails(`The champion is untouched. ${failure.message}`);
      throw failure;
    }
  });
}

async function retrainIfNew(control: RunControl, run: DistillRun): Promise<RunResult | Unchanged> {
  const { chunkSeconds } = run.logits;
  const models = await importModels(control, run);
  const plan = await planDistillation(control, run, models, { continues: run.name });
  // An old plan is recognised before anything is decoded; changed files with the same content only
  // afterwards.
  const byPlan = await control.runOnce('judgement by plan', () =>
    findEvaluation(run, models, plan),
  );
  if (byPlan.judged) return unchanged(run.name, plan, byPlan.judged, byPlan.champion);
  const rates = furtherRatesOf(models.teachers);
  const corpus = await ingestCorpus(control, run, plan, chunkSeconds, rates);
  const { key, judged, champion } =
    byPlan.key === null
      ? await control.runOnce('judgement by content', () => findEvaluation(run, models, plan))
      : byPlan;
  if (judged) return unchanged(run.name, plan, judged, champion);
  return await distillAndPublish(control, run, models, corpus, key ?? undefined);
}

async function findEvaluation(
  run: DistillRun,
  models: ImportedModels,
  plan: Plan,
): Promise<FoundEvaluation> {
  const { store, name, logits, students, promote, ensemble = 'equal', selection, halving } = run;
  // Keys of runs that take the weights of the run file stay as they were.
  const search = ensemble === 'equal' ? {} : { ensemble };
  const selecting = selection ? { selection } : {};
  const ending = halving ? { halving } : {};
  const settings = { logits, students, promote, ...search, ...selecting, ...ending };
  return await cpu.findJudgement({
    store,
    run: name,
    planKey: plan.planKey,
    ensemble: models.teachers,
    settings,
    ...(promote ? { champion: promote.champion } : {}),
  });
}

function reasonOf(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure)
    return ApplicationFailure.nonRetryable(
      `${cause.type}: ${cause.message}`,
      cause.type ?? undefined,
    );
  return ApplicationFailure.nonRetryable(cause instanceof Error ? cause.message : String(cause));
}
