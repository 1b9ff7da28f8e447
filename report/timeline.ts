/**
 * The layout of a run's attempts: lanes by stage, no overlaps within a lane, an activity's attempts
 * in one lane with the waits between them. A run of a hundred thousand shards has as few marks as a
 * run of ten: neighbours that a screen cannot separate are joined.
 */
import type { StageName } from '../workflows/contract/status';
import type { RunAttempt } from './run-attempt';

export interface Mark {
  /** Milliseconds since the run's first attempt was scheduled. */
  fromMs: number;
  toMs: number;
  kind: RunAttempt['outcome'] | 'reused' | 'waiting';
  /** More than one if neighbours were joined. */
  attempts: RunAttempt[];
}

export interface Timeline {
  spanMs: number;
  stages: { stage: StageName; lanes: Mark[][] }[];
  /** When no activity was running. */
  idle: Span[];
  /** When no GPU activity was running, between the first and the last of them. */
  gpuIdle: Span[];
}

interface Span {
  fromMs: number;
  toMs: number;
}

/** Share of the whole width below which neighbours are joined. */
export const CLOSEST = 1 / 1500;

/** When the first attempt was scheduled, milliseconds since 1970. */
export function originOf(attempts: readonly RunAttempt[]): number {
  return attempts.reduce(
    (earliest, { scheduledMs, startedMs }) => Math.min(earliest, scheduledMs, startedMs),
    Infinity,
  );
}

interface Placed extends Span {
  attempt: RunAttempt;
}

/** Null without attempts. */
export function layOut(attempts: readonly RunAttempt[]): Timeline | null {
  if (attempts.length === 0) return null;
  const originMs = originOf(attempts);
  const placed = attempts.map((attempt) => ({
    attempt,
    fromMs: attempt.startedMs - originMs,
    toMs: Math.max(attempt.endedMs, attempt.startedMs) - originMs,
  }));
  const spanMs = Math.max(1, latestEnd(placed));
  const gpu = placed.filter(({ attempt }) => attempt.gpu);
  return {
    spanMs,
    stages: [...new Set(attempts.map(({ stage }) => stage))].map((stage) => ({
      stage,
      lanes: lanesOf(placed.filter(({ attempt }) => attempt.stage === stage)).map((lane) =>
        joinNeighbours(lane, spanMs * CLOSEST),
      ),
    })),
    idle: gaps(placed, 0, spanMs),
    gpuIdle: gaps(gpu, gpu[0]?.fromMs ?? 0, latestEnd(gpu)),
  };
}

/** Puts each activity into the first lane that is free when it starts. */
function lanesOf(placed: readonly Placed[]): Mark[][] {
  const activities = new Map<string, Placed[]>();
  for (const each of placed) {
    const { activityId } = each.attempt;
    const tries = activities.get(activityId);
    if (tries) tries.push(each);
    else activities.set(activityId, [each]);
  }
  const lanes: Mark[][] = [];
  for (const tries of activities.values()) {
    const marks = marksOf(tries);
    const fromMs = marks[0]?.fromMs ?? 0;
    const free = lanes.find((lane) => (lane.at(-1)?.toMs ?? 0) <= fromMs);
    if (free) free.push(...marks);
    else lanes.push(marks);
  }
  return lanes;
}

/** An activity's attempts, with a mark for each wait between two of them. */
function marksOf(tries: readonly Placed[]): Mark[] {
  return tries.flatMap(({ attempt, fromMs, toMs }, index): Mark[] => {
    const kind = attempt.reused ? 'reused' : attempt.outcome;
    const mark: Mark = { fromMs, toMs, kind, attempts: [attempt] };
    const before = tries[index - 1];
    if (!before || fromMs <= before.toMs) return [mark];
    return [{ fromMs: before.toMs, toMs: fromMs, kind: 'waiting', attempts: [attempt] }, mark];
  });
}

/** Not by Math.min: attempts are more than a call takes arguments. */
function earliestBeginning(spans: readonly Span[]): number {
  return spans.reduce((earliest, { fromMs }) => Math.min(earliest, fromMs), Infinity);
}

function latestEnd(spans: readonly Span[]): number {
  return spans.reduce((latest, { toMs }) => Math.max(latest, toMs), 0);
}

function joinNeighbours(lane: readonly Mark[], closestMs: number): Mark[] {
  const joined: Mark[] = [];
  for (const mark of lane) {
    const last = joined.at(-1);
    const joins =
      last !== undefined &&
      last.kind === mark.kind &&
      mark.kind !== 'waiting' &&
      mark.fromMs - last.toMs < closestMs;
    // Two long marks stay apart however close they are: each can be seen.
    if (joins && Math.min(last.toMs - last.fromMs, mark.toMs - mark.fromMs) < 4 * closestMs) {
      last.toMs = mark.toMs;
      last.attempts.push(...mark.attempts);
    } else joined.push({ ...mark, attempts: [...mark.attempts] });
  }
  return joined;
}

function gaps(busy: readonly Span[], fromMs: number, toMs: number): Span[] {
  const found: Span[] = [];
  let reached = fromMs;
  for (const span of busy.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (span.fromMs > reached) found.push({ fromMs: reached, toMs: span.fromMs });
    reached = Math.max(reached, span.toMs);
  }
  if (toMs > reached) found.push({ fromMs: reached, toMs });
  return found;
}

/** How long at least one of these attempts was at work. */
export function busyMs(attempts: readonly Pick<RunAttempt, 'startedMs' | 'endedMs'>[]): number {
  const spans = attempts.map(({ startedMs, endedMs }) => ({ fromMs: startedMs, toMs: endedMs }));
  const [fromMs, toMs] = [earliestBeginning(spans), latestEnd(spans)];
  return spans.length === 0 ? 0 : toMs - fromMs - lengthMs(gaps(spans, fromMs, toMs));
}

export function lengthMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

const TICK_SECONDS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600,
  43_200, 86_400,
];

/** Round times in milliseconds, at most eight besides 0. */
export function ticks(spanMs: number): number[] {
  const seconds =
    TICK_SECONDS.find((each) => spanMs / 1000 / each <= 8) ??
    Math.ceil(spanMs / 1000 / 86_400 / 8) * 86_400;
  return Array.from(
    { length: Math.floor(spanMs / 1000 / seconds) + 1 },
    (_, index) => index * seconds * 1000,
  );
}
