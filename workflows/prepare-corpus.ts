/**
 * The stages that every run begins with: tables become a plan, the plan's shards are ingested, and
 * the corpus manifest is written.
 */
import { runFileInvalid } from './accept-run';
import { cpu } from './activity-proxies';
import type { FinalizedCorpus, Plan, PlanInput } from './contract/activities';
import { budgetProblems, budgetsOf } from './contract/budgets';
import type { DistillRun, TeachRun } from './contract/run-file';
import type { Corpus } from './contract/run-file-sections';
import type { Repair } from './repair';
import type { RunControl } from './run-control';
import { runOrigin } from './run-origin';
import { SPLITS, type Split } from './contract/models';

const SHARDS_IN_FLIGHT = 8;

export interface PreparedCorpus {
  plan: Plan;
  finalized: FinalizedCorpus;
  /** Makes an audio shard again from its sources. */
  repair: Repair;
}

export async function prepareCorpus(
  control: RunControl,
  run: DistillRun | TeachRun,
  chunkSeconds: number,
  planning: PlanningOptions = {},
): Promise<PreparedCorpus> {
  const plan = await planCorpus(control, run, chunkSeconds, planning);
  return await ingestCorpus(control, run, plan, chunkSeconds);
}

/** `continues`: name of the run whose last plan this run extends. */
type PlanningOptions = Pick<PlanInput, 'continues' | 'trainLabels'>;

export async function planCorpus(
  control: RunControl,
  run: { store: string; corpus: Corpus },
  chunkSeconds: number,
  planning: PlanningOptions,
): Promise<Plan> {
  const plan = await control.stage('plan', 1, async (stage) => {
    const { store, corpus } = run;
    const planned = await cpu.planCorpus({
      ...{ store, corpus, chunkSeconds },
      ...planning,
      ...runOrigin(),
    });
    stage.done = 1;
    return planned;
  });
  control.note(plan.notes);
  control.note(plan.hints?.map(({ text }) => text));
  return plan;
}

/** @param sampleRates at which audio is kept beside 16 kHz (contract/sample-rates.ts) */
export async function ingestCorpus(
  control: RunControl,
  run: DistillRun | TeachRun,
  plan: Plan,
  chunkSeconds: number,
  sampleRates: number[] = [],
): Promise<PreparedCorpus> {
  const ingest = (at: { split: Split; shard: number }) =>
    cpu.ingestShard({
      ...{ store: run.store, planKey: plan.planKey, ...at },
      ...(sampleRates.length > 0 ? { sampleRates } : {}),
    });
  const counts = SPLITS.map((split) => plan.splits[split]?.shards ?? 0);
  const shards = counts.reduce((sum, count) => sum + count, 0);
  const finalized = await control.stage('download', shards, async (stage) => {
    await control.forEachItem(stage, SHARDS_IN_FLIGHT, async (item) => {
      await ingest(shardAt(counts, item));
    });
    const asked = budgetsOf(run, plan.classes);
    const complete = await cpu.sealCorpus({
      store: run.store,
      planKey: plan.planKey,
      maxRejected: run.corpus.maxRejected,
      chunkSeconds,
      ...asked,
    });
    const problems = budgetProblems(asked, complete);
    if (problems.length > 0) throw runFileInvalid(problems);
    return complete;
  });
  const repair: Repair = async (damage) => {
    if (damage.kind !== 'audio') return;
    await ingest({ split: damage.split, shard: damage.shard });
  };
  return { plan, finalized, repair };
}

/** Shards are numbered through all splits, in the order of SPLITS. */
function shardAt(counts: readonly number[], item: number): { split: Split; shard: number } {
  let shard = item;
  let at = 0;
  while (shard >= (counts[at] ?? Infinity)) shard -= counts[at++] ?? 0;
  return { split: SPLITS[at] ?? 'eval', shard };
}
