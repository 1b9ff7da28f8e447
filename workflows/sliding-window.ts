/**
 * Works through numbered items with a bounded number in flight: a new one starts whenever one ends.
 * Items start in order, so when it stops early, all items before the returned number are done and
 * no item from it on was started.
 */

export interface Window {
  /** First item. */
  from: number;
  count: number;
  /** Most items in flight. */
  width: number;
  /** Asked before each item: true lets those in flight end and starts no more. */
  isOver?: () => boolean;
}

/** @returns the first item that was not started. The first failure ends all. */
export async function slidingWindow(
  { from, count, width, isOver = () => false }: Window,
  work: (item: number) => Promise<void>,
): Promise<number> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < count && !isOver()) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count - from) }, lane));
  return next;
}
