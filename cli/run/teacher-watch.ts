/**
 * Tells when the workers of a teacher no longer answer: by heartbeats that do not come, long before
 * the server gives up on them, and by shards that no worker takes. Times are measured on this
 * machine, so its clock need not agree with the server's.
 */
import { teacherCallOf, type TeacherCall } from '../../workflows/contract/teacher-call';
import { timeOfDay } from '../quantities';
import type { PendingActivity } from './run-view';

/** A worker in Python sends one every four seconds at most, whatever its batch takes. */
const SILENT_MS = 12_000;
/** A worker that is free takes a task at once. */
const UNTAKEN_MS = 5000;

type Called = PendingActivity & { call: TeacherCall };

/** `teacher beats, train shard 3` */
export function callName({ id, type }: Pick<PendingActivity, 'id' | 'type'>): string {
  const call = teacherCallOf(id);
  return call === null ? type : `teacher ${call.teacher}, ${call.asked}`;
}

export class TeacherWatch {
  /** By activity: what it was seen to do, and since when it has been the same. */
  private seen = new Map<string, { state: string; sinceMs: number }>();

  constructor(private readonly monotonicMs: () => number) {}

  /** @returns the same activities, with an alert at those that no worker answers for */
  withAlerts(pending: readonly PendingActivity[]): PendingActivity[] {
    const unchangedMs = this.look(pending);
    const calls = pending.flatMap((activity): Called[] => {
      const call = teacherCallOf(activity.id);
      // A description that nobody gives is told by the run itself.
      return call === null || call.asked === 'description' ? [] : [{ ...activity, call }];
    });
    const alerts = new Map<string, string>();
    for (const one of calls)
      if (one.started && (unchangedMs.get(one.id) ?? 0) >= SILENT_MS)
        alerts.set(one.id, silent(one));
    for (const teacher of new Set(calls.map(({ call }) => call.teacher))) {
      const own = calls.filter(({ call }) => call.teacher === teacher);
      const waiting = own.filter(({ started, nextAttemptMs }) => !started && !nextAttemptMs);
      const [first] = waiting;
      const untaken = waiting.every(({ id }) => (unchangedMs.get(id) ?? 0) >= UNTAKEN_MS);
      if (first && untaken && own.every(({ started }) => !started))
        alerts.set(first.id, untakenBy(teacher, first, waiting.length));
    }
    return pending.map((activity) => {
      const alert = alerts.get(activity.id);
      return alert === undefined ? activity : { ...activity, alert };
    });
  }

  /** @returns by activity, for how long it has been seen to be the same */
  private look(pending: readonly PendingActivity[]): Map<string, number> {
    const nowMs = this.monotonicMs();
    const before = this.seen;
    this.seen = new Map(
      pending.map((activity) => {
        const { id, attempt, started, nextAttemptMs, lastSignMs } = activity;
        const state = [attempt, started, nextAttemptMs, lastSignMs].join();
        const known = before.get(id);
        return [id, known?.state === state ? known : { state, sinceMs: nowMs }];
      }),
    );
    return new Map([...this.seen].map(([id, { sinceMs }]) => [id, nowMs - sinceMs]));
  }
}

function silent({ call, worker = 'its worker', lastSignMs, queue }: Called): string {
  const since = lastSignMs === undefined ? '' : ` since ${timeOfDay(lastSignMs)}`;
  return (
    `teacher ${call.teacher}: no heartbeat of ${worker}${since}. After 60 s ${call.asked} goes ` +
    `to another worker${queue === undefined ? '' : ` on ${queue}`}; start one if this has ended`
  );
}

function untakenBy(teacher: string, { call, queue }: Called, waiting: number): string {
  const more = waiting === 1 ? '' : ` and ${waiting - 1} more`;
  return (
    `teacher ${teacher}: no worker${queue === undefined ? '' : ` on task queue ${queue}`} takes ` +
    `${call.asked}${more}: start one, or wait where all are busy with another run`
  );
}
