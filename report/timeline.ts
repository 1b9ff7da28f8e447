/**
 * A run's attempts laid out to be drawn: lanes by stage, each lane free of overlaps, an activity's
 * attempts in one lane with the waiting between them. Pure. A run of a hundred thousand shards
 * draws as few marks as one of ten: neighbours that no screen can part are drawn as one.
 */
import type { StageName } from '../workflows/contract/status';
import type { RunAttempt } from './run-attempt';

export interface Mark {
  /** Milliseconds since the run's first attempt was due. */
  fromMs: number;
  toMs: number;
  kind: RunAttempt['outcome'] | 'reused' | 'waiting';
  /** More than one where neighbours were joined. */
  attempts: RunAttempt[];
}

export interface Timeline {
  spanMs: number;
  stages: { stage: StageName; lanes: Mark[][] }[];
  /**
   * When nothing was being worked on, and when no GPU activity was between the first and the last
   * of them.
   */
  idle: Span[];
  gpuIdle: Span[];
}

interface Span {
  fromMs: number;
  toMs: number;
}

/** Of the whole width: what stands closer is one mark. */
export const CLOSEST = 1 / 1500;

/** Milliseconds since 1970 when the first attempt was due. */
export function originOf(attempts: readonly RunAttempt[]): number {
  return attempts.reduce(
    (earliest, { scheduledMs, startedMs }) => Math.min(earliest, scheduledMs, startedMs),
    Infinity,
  );
}

/** Null without attempts. */
export function layOut(attempts: readonly RunAttempt[]): Timeline | null {
  if (attempts.length === 0) return null;
  const originMs = originOf(attempts);
  const shifted = attempts.map((each) => ({
    each,
    fromMs: each.startedMs - originMs,
    toMs: Math.max(each.endedMs, each.startedMs) - originMs,
  }));
  const spanMs = shifted.reduce((latest, { toMs }) => Math.max(latest, toMs), 1);
  const stages = [...new Set(attempts.map(({ stage }) => stage))].map((stage) => {
    const activities = new Map<string, typeof shifted>();
    for (const one of shifted) {
      if (one.each.stage !== stage) continue;
      activities.set(one.each.activityId, [...(activities.get(one.each.activityId) ?? []), one]);
    }
    const lanes: Mark[][] = [];
    for (const tries of activities.values()) {
      const marks = tries.flatMap(({ each, fromMs, toMs }, index): Mark[] => {
        const before = tries[index - 1];
        const mark: Mark = {
          fromMs,
          toMs,
          kind: each.reused ? 'reused' : each.outcome,
          attempts: [each],
        };
        return before && fromMs > before.toMs
          ? [{ fromMs: before.toMs, toMs: fromMs, kind: 'waiting', attempts: [each] }, mark]
          : [mark];
      });
      const begins = marks[0]?.fromMs ?? 0;
      const free = lanes.find((lane) => (lane.at(-1)?.toMs ?? 0) <= begins);
      if (free) free.push(...marks);
      else lanes.push(marks);
    }
    return { stage, lanes: lanes.map((lane) => joinNeighbours(lane, spanMs * CLOSEST)) };
  });
  const gpu = shifted.filter(({ each }) => each.gpu);
  return {
    spanMs,
    stages,
    idle: gaps(shifted, 0, spanMs),
    gpuIdle: gaps(
      gpu,
      gpu[0]?.fromMs ?? 0,
      gpu.reduce((latest, { toMs }) => Math.max(latest, toMs), 0),
    ),
  };
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
    // Long ones stay apart however close: they can be told from each other.
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

export function lengthMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

const TICK_SECONDS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600,
  43_200, 86_400,
];

/** Round moments, at most eight besides 0. */
export function ticks(spanMs: number): number[] {
  const seconds =
    TICK_SECONDS.find((each) => spanMs / 1000 / each <= 8) ??
    Math.ceil(spanMs / 1000 / 86_400 / 8) * 86_400;
  return Array.from(
    { length: Math.floor(spanMs / 1000 / seconds) + 1 },
    (_, index) => index * seconds * 1000,
  );
}
