/**
 * One line for each stage of a run: done of total, remaining time, validation, then progress, loss
 * and rate, so that a narrow terminal cuts what matters least. Pure; live-display.ts shows the
 * lines.
 */
import type { LiveProgress } from '../../workflows/contract/live-progress';
import { scoresOf } from '../../workflows/contract/model-scores';
import type { RunStatus, StageState, StageStatus } from '../../workflows/contract/status';
import { teacherCallOf } from '../../workflows/contract/teacher-call';
import { clock, grouped, rate, timeOfDay } from '../quantities';
import { activitiesOf, type PendingActivity, type RunView } from './run-view';
import { callName } from './teacher-watch';

export interface StageLine {
  stage: string;
  state: StageState;
  text: string;
  /** Activities of the stage that failed and are retried. */
  retries: string[];
  /** Workers that do not answer. */
  alerts?: string[];
}

export function liveLines(view: RunView): StageLine[] {
  return view.status.stages.map((stage) => {
    const activities = activitiesOf(view, stage.name).map(withoutStaleRate);
    const cells = [stage.name.padEnd(9), ...describeStage(view, stage, activities)];
    const early = stage.state === 'waiting' && earlyCalls(activities).length > 0;
    return {
      stage: stage.name,
      state: early ? 'running' : stage.state,
      text: cells.join('  ').trimEnd(),
      retries: describeRetries(activities),
      alerts: activities.flatMap(({ alert }) => alert ?? []),
    };
  });
}

function describeStage(
  { status, pending }: RunView,
  stage: StageStatus,
  activities: readonly PendingActivity[],
): string[] {
  const count = `${grouped(stage.done)}/${grouped(stage.total)} ${stage.unit}`.padEnd(16);
  switch (stage.state) {
    case 'waiting': {
      const calls = earlyCalls(activities);
      if (calls.length === 0) return ['waiting'];
      return calls.flatMap((call) => [
        callName(call),
        ...describeActivities(status, stage, { activities: [call], members: [] }),
      ]);
    }
    case 'done':
      return [count, `done in ${clock(stage.seconds)}`, ...outcome(status, stage)];
    case 'running':
      return [
        count,
        ...(status.state === 'paused' ? ['paused'] : []),
        ...halvingCell(status, stage),
        ...describeActivities(status, stage, { activities, members: membersIn(pending) }),
      ];
  }
}

/** The rows stay: what an attempt has done until its worker went silent, or until it ended. */
function withoutStaleRate(activity: PendingActivity): PendingActivity {
  const { started, alert, progress } = activity;
  const isStale = progress !== null && (!started || alert !== undefined);
  return isStale ? { ...activity, progress: { ...progress, perSecond: 0 } } : activity;
}

/** What workers of teachers are asked before the stage begins. */
function earlyCalls(activities: readonly PendingActivity[]): PendingActivity[] {
  return activities.filter(({ id }) => {
    const asked = teacherCallOf(id)?.asked;
    return asked === 'description' || asked === 'probe clips';
  });
}

/** How many students are left after the last rung. */
function halvingCell({ halving = [] }: RunStatus, { name }: StageStatus): string[] {
  const rung = halving.at(-1);
  if (!rung || name !== 'distill') return [];
  const left = rung.students.filter(({ goesOn }) => goesOn).length;
  return [`${left} of ${rung.students.length} left after epoch ${rung.epoch}`];
}

/** What the workers report that take part in trainings which others lead. */
function membersIn(pending: readonly PendingActivity[]): LiveProgress[] {
  return pending
    .filter(({ type, started }) => type === 'joinTraining' && started)
    .map(withoutStaleRate)
    .flatMap(({ progress }) => progress ?? []);
}

function describeActivities(
  status: RunStatus,
  stage: StageStatus,
  {
    activities,
    members,
  }: { activities: readonly PendingActivity[]; members: readonly LiveProgress[] },
): string[] {
  // Progress of a finished attempt is shown only while no other attempt runs.
  const atWork = activities.filter(({ started }) => started);
  const active = (atWork.length > 0 ? atWork : activities).flatMap(
    ({ progress }) => progress ?? [],
  );
  if (active.length === 0)
    return activities.some(({ started }) => started)
      ? ['starting']
      : activities.length > 0
        ? ['waiting for a worker']
        : [];
  const [first] = active.filter(({ total }) => total > 0);
  const phases = [...new Set(active.flatMap(({ phase }) => phase ?? []))];
  if (!first) return phases;
  const alike = active.filter(({ total, unit }) => total > 0 && unit === first.unit);
  const seconds = secondsToGo(stage, alike);
  const speed = sum(alike, 'perSecond');
  const { validation, training } = describeLearning(status, active, members);
  return [
    ...(seconds === null ? [] : [`ETA ${clock(seconds)}`]),
    ...validation,
    `${grouped(sum(alike, 'done'))}/${grouped(sum(alike, 'total'))} ${first.unit}`,
    ...training,
    ...(speed > 0 ? [`${rate(speed)} ${first.unit}/s`] : []),
    ...phases,
  ];
}

/** What the last validation measured, as not every epoch is validated; epoch and last loss. */
function describeLearning(
  status: RunStatus,
  active: readonly LiveProgress[],
  members: readonly LiveProgress[],
): { validation: string[]; training: string[] } {
  const training = active.find(({ loss }) => loss !== undefined);
  if (!training) return { validation: [], training: [] };
  // Until the first epoch of this model ends, the last record is of the previous model; heartbeats
  // may lag behind this model's records.
  const last = Object.values(status.epochs).at(-1);
  const known =
    last && (last.epoch < last.epochs || last.epoch <= (training.epoch ?? 0)) ? last : undefined;
  const mAP = training.mAP ?? known?.mAP ?? null;
  const divergence = training.divergence ?? known?.divergence;
  const epoch =
    training.epoch === undefined
      ? []
      : [`epoch ${training.epoch}${known ? `/${known.epochs}` : ''}`];
  const workers = groupCells(training, members);
  return {
    validation: validationCells(mAP, divergence),
    training: [...epoch, `loss ${training.loss?.toFixed(4)}`, ...workers],
  };
}

/** Size and generation of the group, and the rates of its members; that of its leader is shown. */
function groupCells({ group, total }: LiveProgress, members: readonly LiveProgress[]): string[] {
  if (!group) return [];
  const rates = members
    .filter((each) => each.total === total && each.group?.generation === group.generation)
    .map(({ perSecond }) => rate(perSecond));
  return [
    `${group.members} workers, generation ${group.generation}`,
    ...(rates.length > 0 ? [`members ${rates.join(', ')} steps/s`] : []),
  ];
}

/** mAP, or without labels the divergence from the ensemble: lower is better. */
function validationCells(mAP: number | null, divergence: number | undefined): string[] {
  if (mAP !== null) return [`mAP ${mAP.toFixed(3)}`];
  return divergence === undefined ? [] : [`divergence ${divergence.toPrecision(3)}`];
}

/**
 * Remaining time of the whole stage: the activities that run, and the same again for every activity
 * that has not begun. null while the progress has another unit (clips of a validation between
 * steps): it says nothing about the stage.
 */
function secondsToGo(stage: StageStatus, inWork: readonly LiveProgress[]): number | null {
  const speed = sum(inWork, 'perSecond');
  if (speed <= 0 || inWork.some(({ phase }) => phase !== undefined)) return null;
  const total = sum(inWork, 'total');
  const notBegun = Math.max(0, stage.total - stage.done - inWork.length);
  return (total - sum(inWork, 'done') + (notBegun * total) / inWork.length) / speed;
}

/** Scores and losses of a finished stage. */
function outcome(status: RunStatus, stage: StageStatus): string[] {
  if (stage.name === 'gate' || stage.name === 'evaluate') {
    return scoresOf(status, stage.name === 'gate' ? 'teacher' : 'student').map(
      ([name, mAP]) => `${name} ${mAP === null ? 'unlabelled' : mAP.toFixed(3)}`,
    );
  }
  if (stage.name !== 'teach' && stage.name !== 'distill') return [];
  return Object.values(status.epochs).map(({ student, epoch, loss, mAP, divergence }) =>
    [
      `${student}: ${epoch} epochs`,
      `loss ${loss.toFixed(4)}`,
      ...validationCells(mAP, divergence),
    ].join(', '),
  );
}

/** Of many shards that a teacher fails at, the one that has failed most often: they are alike. */
function describeRetries(activities: readonly PendingActivity[]): string[] {
  const failed = activities.filter(({ lastFailure }) => lastFailure !== null);
  const teacherOf = ({ id }: PendingActivity): string | undefined => teacherCallOf(id)?.teacher;
  const teachers = new Set(failed.flatMap((activity) => teacherOf(activity) ?? []));
  return [
    ...failed.filter((activity) => teacherOf(activity) === undefined).map(describeRetry),
    ...[...teachers].flatMap((teacher) => {
      const shards = failed.filter((activity) => teacherOf(activity) === teacher);
      const [worst] = shards.toSorted((a, b) => b.attempt - a.attempt);
      return worst ? describeCallRetry(worst, shards.length - 1) : [];
    }),
  ];
}

function describeRetry({ type, attempt, lastFailure }: PendingActivity): string {
  return `${type}, attempt ${attempt}, after ${inOneLine(lastFailure ?? '')}`;
}

/** @param others further shards of the teacher that failed */
function describeCallRetry(activity: PendingActivity, others: number): string[] {
  const { attempt, lastFailure, nextAttemptMs, worker } = activity;
  const failure = inOneLine(lastFailure ?? '');
  const more = others === 0 ? '' : ` (and ${others} more of its shards)`;
  const log = worker === undefined ? '' : `; log: standard error of ${worker}`;
  return [
    `${callName(activity)}: attempt ${attempt - 1} failed${more}: ${failure}`,
    ...(nextAttemptMs === undefined
      ? []
      : [`attempt ${attempt} at ${timeOfDay(nextAttemptMs)}${log}`]),
  ];
}

function inOneLine(failure: string): string {
  const shown = failure.replace(/\s+/g, ' ');
  return shown.length > 300 ? `${shown.slice(0, 299)}…` : shown;
}

function sum(all: readonly LiveProgress[], field: 'done' | 'total' | 'perSecond'): number {
  return all.reduce((total, each) => total + each[field], 0);
}
