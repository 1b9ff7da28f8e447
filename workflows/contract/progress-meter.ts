/**
 * Done, total, rate and ETA of a count, for heartbeats. The rate covers the work done since the
 * meter was made, so that a resumed attempt measures itself.
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
