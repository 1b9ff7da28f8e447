/** What a run's models cost, from the attempts that made them, in whichever runs. */
import type { RunCost } from '../workflows/contract/activities';
import type { RunAttempt } from './run-attempt';
import { busyMs } from './timeline';

type CostOfRun = RunCost['runs'][number];

/**
 * @param attempts by workflow run id, those that did work alone;
 * @param unknown results that were found, and of which no attempt is known;
 * @param reports keys of the reports of other runs, by workflow run id
 */
export function runCost(
  attempts: ReadonlyMap<string, readonly RunAttempt[]>,
  unknown: number,
  reports: ReadonlyMap<string, string>,
): RunCost {
  const runs = [...attempts]
    .filter(([, own]) => own.length > 0)
    .map(([workflowRunId, own]) => {
      const report = reports.get(workflowRunId);
      return { ...costOfRun(workflowRunId, own), ...(report === undefined ? {} : { report }) };
    })
    .sort((a, b) => a.fromMs - b.fromMs || (a.workflowRunId < b.workflowRunId ? -1 : 1));
  const sum = (field: 'seconds' | 'cpuSeconds' | 'gpuSeconds'): number =>
    runs.reduce((total, run) => total + run[field], 0);
  return {
    seconds: sum('seconds'),
    cpuSeconds: sum('cpuSeconds'),
    gpuSeconds: sum('gpuSeconds'),
    stages: stagesOf([...attempts.values()]),
    runs,
    ...(unknown === 0 ? {} : { unknown }),
  };
}

function costOfRun(workflowRunId: string, attempts: readonly RunAttempt[]): CostOfRun {
  const worked = (gpu: boolean): number =>
    attempts
      .filter((each) => each.gpu === gpu)
      .reduce((sum, { startedMs, endedMs }) => sum + (endedMs - startedMs) / 1000, 0);
  return {
    workflowRunId,
    fromMs: attempts.reduce((earliest, { startedMs }) => Math.min(earliest, startedMs), Infinity),
    seconds: busyMs(attempts) / 1000,
    cpuSeconds: worked(false),
    gpuSeconds: worked(true),
    attempts: attempts.length,
    unsuccessful: attempts.filter(({ outcome }) => outcome !== 'done').length,
  };
}

/** In the order of their beginnings. */
function stagesOf(runs: readonly (readonly RunAttempt[])[]): RunCost['stages'] {
  const names = new Set(runs.flat().map(({ stage }) => stage));
  return [...names].map((name) => ({
    name,
    seconds: runs.reduce(
      (sum, own) => sum + busyMs(own.filter(({ stage }) => stage === name)) / 1000,
      0,
    ),
  }));
}
