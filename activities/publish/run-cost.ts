/**
 * Finds the attempts that made what a run publishes. Where this run found a result in the store,
 * another run made it: its attempts at the same work are counted, and with them those that failed.
 * Attempts at a training are known by the training's own records. Of a run that an earlier version
 * recorded, all attempts count if it trained one of these models, else none.
 */
import type { PublishInput, RunCost } from '../../workflows/contract/activities';
import type { Store } from '../../storage/store';
import { layout } from '../../storage/layout';
import type { RunAttempt } from '../../report/run-attempt';
import { runCost } from '../../report/run-cost';
import { trainingAttemptId } from '../attempt-record';
import { readRunAttempts } from './run-attempts';

type PublishedRun = Pick<
  PublishInput,
  'workflowRunId' | 'earlierRunIds' | 'kind' | 'ensemble' | 'students'
>;

/** Runs that are read at most, the newest first, in search of those that made something. */
const MOST_RUNS = 200;
/** Work whose result is kept in the store, where the next run finds it. */
const KEPT = new Set([
  'ingestShard',
  'computeLogits',
  'writeLogits',
  'importPublishedLogits',
  'scoreModel',
  'scoreOutputs',
  'trainModel',
]);

/** @param own attempts of this run. @returns null where none was recorded */
export async function readRunCost(
  store: Store,
  run: PublishedRun,
  own: readonly RunAttempt[],
): Promise<RunCost | null> {
  if (own.length === 0) return null;
  const trainings = await trainingAttempts(store, run.students);
  const made = new Map<string, RunAttempt[]>();
  const ownMade = own.filter((each) => madeSomething(each, trainings));
  if (ownMade.some(isKept)) made.set(run.workflowRunId, ownMade);
  const found = own.filter(({ reused }) => reused);
  const works = new Set(own.flatMap(({ work }) => work ?? []));
  // What an attempt left whose end was never recorded, the next one finds.
  const ownWorks = new Set(ownMade.flatMap(({ work }) => work ?? []));
  let wanted = found.filter(({ work = '' }) => !ownWorks.has(work));
  for (const runId of await otherRuns(store, run, trainings, found.length > 0)) {
    const isTraining = trainings.some((id) => id.startsWith(`${runId}-`));
    if (!isTraining && wanted.length === 0) continue;
    const others = { ...run, workflowRunId: runId, earlierRunIds: [] };
    const attempts = (await readRunAttempts(store, others)).filter(
      (each) =>
        madeSomething(each, trainings) &&
        (each.activity === 'trainModel' ||
          (each.work === undefined ? isTraining : works.has(each.work))),
    );
    if (!attempts.some(isKept)) continue;
    made.set(runId, attempts);
    const done = new Set(
      attempts.filter(({ outcome }) => outcome === 'done').flatMap(({ work }) => work ?? []),
    );
    // By their names where an earlier version recorded one of the two.
    const named = new Set(attempts.map(nameOf));
    const older = new Set(attempts.filter(({ work }) => work === undefined).map(nameOf));
    wanted = wanted.filter(
      (each) =>
        !(each.work === undefined ? named : older).has(nameOf(each)) && !done.has(each.work ?? ''),
    );
  }
  return runCost(made, wanted.length, await reportsOf(store, run.workflowRunId, made));
}

/** Keys of the reports that other runs published, by workflow run id. */
async function reportsOf(
  store: Store,
  own: string,
  made: ReadonlyMap<string, unknown>,
): Promise<Map<string, string>> {
  const others = [...made.keys()].filter((runId) => runId !== own);
  if (others.length === 0) return new Map();
  const reports = (await store.list('runs/')).flatMap((key) => {
    const [, runId] = /^runs\/[^/]+\/([^/]+)\/report\.html$/.exec(key) ?? [];
    return runId !== undefined && others.includes(runId) ? [[runId, key] as const] : [];
  });
  return new Map(reports);
}

function nameOf({ activity, what }: RunAttempt): string {
  return `${activity} ${what}`;
}

/** Names of the attempts at the trainings of these models (jobs/train/attempts.ts). */
async function trainingAttempts(
  store: Store,
  students: PublishedRun['students'],
): Promise<string[]> {
  const keys = await Promise.all(
    students.map(({ trainingKey }) => store.list(layout.attempts(trainingKey))),
  );
  return keys.flat().flatMap((key) => /\/\d+-([^/]+)\.json$/.exec(key)?.[1] ?? []);
}

/** An attempt at a training that was finished before leaves no record there. */
function madeSomething(
  { activity, activityId, attempt, reused }: RunAttempt,
  trainings: readonly string[],
): boolean {
  if (reused || activity === 'publishRun') return false;
  // `activityId` holds the run's id too (run-attempts.ts).
  return activity !== 'trainModel' || trainings.includes(trainingAttemptId(activityId, attempt));
}

function isKept({ activity }: RunAttempt): boolean {
  return KEPT.has(activity);
}

/** The newest first: Temporal's ids of runs sort by their beginnings. */
async function otherRuns(
  store: Store,
  { workflowRunId, earlierRunIds = [] }: PublishedRun,
  trainings: readonly string[],
  hasFound: boolean,
): Promise<string[]> {
  const chain = [...earlierRunIds, workflowRunId];
  const isElsewhere = trainings.some((id) => !chain.some((own) => id.startsWith(`${own}-`)));
  if (!hasFound && !isElsewhere) return [];
  const keys = await store.list('attempts/');
  const runs = new Set(keys.map((key) => key.split('/')[1] ?? ''));
  for (const own of chain) runs.delete(own);
  return [...runs].sort().reverse().slice(0, MOST_RUNS);
}
