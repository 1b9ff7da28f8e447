/**
 * Distillation that a schedule starts again and again with one run file. It looks at the corpus
 * first: where clips, teachers and settings are those of an earlier firing it ends at once and says
 * so. Else only new clips are ingested and heard, and the challenger meets the champion.
 *
 * A failure's message says what went wrong, not in which activity: it is what a schedule that
 * pauses itself notes as its reason.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  setCurrentDetails,
} from '@temporalio/workflow';
import { acceptRun } from './accept-run';
import { cpu } from './activity-proxies';
import { conduct } from './continuation';
import type { ImportedModels, Plan, RunResult } from './contract/activities';
import type { FoundEvaluation, EarlierEvaluation, Unchanged } from './contract/promotion';
import { retrainRunSchema, type DistillRun } from './contract/run-file';
import { distillation, distillationStages, importModels } from './distillation';
import { ingestCorpus, planCorpus } from './prepare-corpus';
import { RunControl } from './run-control';
import { HistoryLong, type Carried } from './history-length';

export async function retrain(input: unknown, carried?: Carried): Promise<RunResult | Unchanged> {
  const run = acceptRun(retrainRunSchema, input);
  const control = new RunControl(run.name, distillationStages(run), carried);
  return await conduct(control, input, async () => {
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
      if (isCancellation(error) || error instanceof HistoryLong) throw error;
      const failure = reasonOf(error);
      setCurrentDetails(`The champion is untouched. ${failure.message}`);
      throw failure;
    }
  });
}

async function retrainIfNew(control: RunControl, run: DistillRun): Promise<RunResult | Unchanged> {
  const { chunkSeconds } = run.logits;
  const models = await importModels(control, run);
  const plan = await planCorpus(control, run, chunkSeconds, {
    continues: run.name,
    trainLabels: 'ignored',
  });
  // Before anything is decoded where the plan is an old one, after that where only files have
  // changed and not what they hold.
  const early = await control.once('judgement by plan', () => findEvaluation(run, models, plan));
  if (early.judged) return unchanged(run, plan, early.judged);
  const corpus = await ingestCorpus(control, run, plan, chunkSeconds);
  const { key, judged } =
    early.key === null
      ? await control.once('judgement by content', () => findEvaluation(run, models, plan))
      : early;
  if (judged) return unchanged(run, plan, judged);
  return await distillation(control, run, models, corpus, key ?? undefined);
}

async function findEvaluation(
  run: DistillRun,
  models: ImportedModels,
  plan: Plan,
): Promise<FoundEvaluation> {
  const { store, name, logits, students, promote } = run;
  const settings = { logits, students, promote };
  return await cpu.findJudgement({
    store,
    run: name,
    planKey: plan.planKey,
    ensemble: models.teachers,
    settings,
  });
}

function unchanged(run: DistillRun, plan: Plan, judged: EarlierEvaluation): Unchanged {
  const clips = Object.values(plan.splits).reduce((sum, split) => sum + (split?.clips ?? 0), 0);
  const says = `nothing has changed: ${clips} clips, teachers and settings are those of ${judged.workflowId}, where ${judged.says}`;
  return { run: run.name, outcome: 'unchanged', judged, says };
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
