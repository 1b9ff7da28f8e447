/** Calls `report` at most once a second: signs of life may come with every few kilobytes. */
export function oncePerSecond(
  report: () => void,
  monotonicMs: () => number = () => performance.now(),
): () => void {
  let reportedMs = -Infinity;
  return () => {
    if (monotonicMs() - reportedMs < 1000) return;
    reportedMs = monotonicMs();
    report();
  };
}
