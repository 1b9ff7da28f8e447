/**
 * Reads every attempt at every activity of a run, from the records that the attempts themselves
 * wrote (activities/attempt-record.ts).
 */
import type {
  CpuActivities,
  GpuActivities,
  PublishInput,
} from '../../workflows/contract/activities';
import type { StageName } from '../../workflows/contract/status';
import { TASK_QUEUES } from '../../workflows/contract/names';
import {
  attemptEndRecord,
  attemptStartRecord,
  type AttemptEnd,
  type AttemptStart,
} from '../attempt-record';
import { mapOrdered } from '../../storage/map-ordered';
import { layout } from '../../storage/layout';
import { readRecordOrQuarantine } from '../../storage/quarantine';
import type { Store } from '../../storage/store';
import type { RunAttempt } from '../../report/run-attempt';

/** By which the scoring of a teacher is told from that of a student. */
type RunModels = Pick<PublishInput, 'kind' | 'ensemble'> & Partial<Pick<PublishInput, 'students'>>;
type RunOfAttempts = Pick<PublishInput, 'workflowRunId' | 'earlierRunIds'> & RunModels;

interface Recorded {
  start: AttemptStart;
  end: AttemptEnd | null;
}

const READ_AHEAD = 32;

/** Of every run of the chain, in order of their beginnings. */
export async function readRunAttempts(store: Store, run: RunOfAttempts): Promise<RunAttempt[]> {
  const { workflowRunId, earlierRunIds = [] } = run;
  const attempts: RunAttempt[] = [];
  // From the last run back: each was over when the one after it asked for its first activity.
  let overMs = Infinity;
  for (const runId of [...earlierRunIds, workflowRunId].reverse()) {
    const recorded = await readRecords(store, runId);
    for (const attempt of joinAttempts(recorded, run, overMs))
      // Temporal numbers activities from 1 in every run.
      attempts.push({ ...attempt, activityId: `${runId} ${attempt.activityId}` });
    overMs = recorded.reduce(
      (earliest, { start }) => Math.min(earliest, start.scheduledMs),
      overMs,
    );
  }
  return attempts.sort(byBeginning);
}

async function readRecords(store: Store, workflowRunId: string): Promise<Recorded[]> {
  const keys = await store.list(layout.activityAttempts(workflowRunId));
  const starts = keys.filter((key) => key.endsWith('-start.json'));
  const present = new Set(keys);
  const recorded: Recorded[] = [];
  for await (const each of mapOrdered(starts, READ_AHEAD, async (key) => {
    const endKey = key.replace(/-start\.json$/, '-end.json');
    const start = await readRecordOrQuarantine(store, key, attemptStartRecord);
    const end = present.has(endKey)
      ? await readRecordOrQuarantine(store, endKey, attemptEndRecord)
      : null;
    return start && { start, end };
  }))
    if (each) recorded.push(each);
  return recorded;
}

/**
 * The attempts of one run. An attempt without an end and without a successor is still running, as
 * the publishing itself is: it is left out, unless the run is over.
 * @param overMs when the run was over at the latest, since 1970; Infinity while it goes on
 */
export function joinAttempts(
  recorded: readonly Recorded[],
  run: RunModels,
  overMs = Infinity,
): RunAttempt[] {
  const byNumber = new Map(
    recorded.map(({ start }) => [`${start.activityId} ${start.attempt}`, start]),
  );
  return recorded
    .flatMap(({ start, end }): RunAttempt[] => {
      const next = byNumber.get(`${start.activityId} ${start.attempt + 1}`);
      const latestMs = next?.scheduledMs ?? overMs;
      const endedMs = end?.endedMs ?? Math.max(start.startedMs, latestMs);
      if (endedMs === Infinity) return [];
      const { activity, activityId, attempt, worker, what, scheduledMs, startedMs, work } = start;
      return [
        {
          ...{ activity, activityId, attempt, worker, what, scheduledMs, startedMs, endedMs },
          stage: stageOf(start, run),
          gpu: start.taskQueue === TASK_QUEUES.gpu,
          outcome: end?.outcome ?? 'lost',
          failure: end?.failure ?? null,
          reused: end?.reused ?? false,
          ...(work === undefined ? {} : { work }),
        },
      ];
    })
    .sort(byBeginning);
}

function byBeginning(a: RunAttempt, b: RunAttempt): number {
  return (
    a.startedMs - b.startedMs || (a.activityId < b.activityId ? -1 : 1) || a.attempt - b.attempt
  );
}

type ActivityName = keyof CpuActivities | keyof GpuActivities;

/** Of activities that one stage alone asks for. */
const STAGES = {
  planCorpus: 'plan',
  importModels: 'plan',
  acceptTeacher: 'plan',
  checkProbe: 'plan',
  requireClasses: 'plan',
  ingestShard: 'download',
  sealCorpus: 'download',
  computeLogits: 'logits',
  writeLogits: 'logits',
  importPublishedLogits: 'logits',
  scoreOutputs: 'gate',
  fitEnsemble: 'gate',
  compareWithLabels: 'gate',
  findJudgement: 'plan',
  findChampion: 'promote',
  compareModels: 'promote',
  tryTeachers: 'plan',
  promoteChallenger: 'promote',
  publishRun: 'publish',
} as const satisfies Record<
  Exclude<ActivityName, 'scoreModel' | 'trainModel' | 'joinTraining' | 'writeRows'>,
  StageName
>;

/**
 * Teachers are scored at the gate, students at the end. Teachers that the ensemble's fit left out
 * are in neither list.
 */
function stageOf(
  { activity, model, what }: AttemptStart,
  { kind, ensemble, students }: RunModels,
): StageName {
  if (activity === 'scoreModel') {
    const isTeacher = ensemble.some(({ sha256 }) => sha256 === model);
    const isStudent = students?.some(({ sha256 }) => sha256 === model) ?? true;
    return isTeacher || !isStudent ? 'gate' : 'evaluate';
  }
  if (activity === 'trainModel' || activity === 'joinTraining')
    return kind === 'teach' ? 'teach' : 'distill';
  // Rows of train are for its logits, those of other splits for scores.
  if (activity === 'writeRows') return /\btrain shard \d+$/.test(what) ? 'logits' : 'gate';
  return Object.hasOwn(STAGES, activity) ? STAGES[activity as keyof typeof STAGES] : 'plan';
}
