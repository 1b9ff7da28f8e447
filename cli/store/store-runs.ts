/**
 * Runs that may go on, known by the records of their attempts (activities/attempt-record.ts). A run
 * that has published its result is over.
 */
import type { StoreUnit } from './store-units';

/** Between two activities a run writes nothing. */
const PAUSE_MS = 3_600_000;
/** An attempt without an end may be at work for as long; a killed one leaves no end either. */
const LONGEST_SILENT_WORK_MS = 7 * 86_400_000;

/** @returns names of the attempts of runs that may go on */
export function runsUnderWay(units: readonly StoreUnit[], nowMs: number): string[] {
  const published = new Set(
    units
      .filter(({ kind }) => kind === 'runs')
      .flatMap(({ objects }) => objects)
      .flatMap(({ key }) => /^runs\/[^/]+\/([^/]+)\/result\.json$/.exec(key)?.[1] ?? []),
  );
  return units
    .filter((unit) => unit.kind === 'attempts' && !published.has(unit.name.split('/')[1] ?? ''))
    .filter((unit) => {
      const silentMs = nowMs - unit.newestMs;
      return silentMs < PAUSE_MS || (silentMs < LONGEST_SILENT_WORK_MS && isAtWork(unit));
    })
    .map(({ name }) => name);
}

/** Whether an attempt has begun that has no end, and no attempt after it. */
function isAtWork({ objects }: StoreUnit): boolean {
  const ended = new Set<string>();
  const begun = new Map<string, number>();
  for (const { key } of objects) {
    const [, activity = '', attempt = '', moment] =
      /\/([^/]+)-(\d+)-(start|end)\.json$/.exec(key) ?? [];
    if (moment === 'end') ended.add(`${activity}-${attempt}`);
    else if (moment === 'start')
      begun.set(activity, Math.max(begun.get(activity) ?? 0, Number(attempt)));
  }
  return [...begun].some(([activity, attempt]) => !ended.has(`${activity}-${attempt}`));
}
