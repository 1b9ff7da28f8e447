/**
 * Done, total, rate and ETA of a count, for heartbeats. The rate is over the work done since the
 * count began, so a resume starts it anew.
 */
import type { LiveProgress } from './live-progress';

export function progressMeter(
  unit: string,
  total: number,
  monotonicMs: () => number,
  alreadyDone = 0,
): (done: number) => LiveProgress {
  const startedMs = monotonicMs();
  return (done) => {
    const seconds = (monotonicMs() - startedMs) / 1000;
    const perSecond = seconds > 0 ? (done - alreadyDone) / seconds : 0;
    return {
      unit,
      done,
      total,
      perSecond,
      etaSeconds: perSecond > 0 ? (total - done) / perSecond : null,
    };
  };
}
