/**
 * Processes several items at once and yields the results in the order of the items. At most `ahead`
 * results wait, so memory does not depend on the number of items.
 */
export async function* mapOrdered<T, R>(
  items: Iterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  for (const item of items) {
    const result = work(item);
    // It is looked at when its turn comes; until then its failure is not unhandled.
    result.catch(() => undefined);
    waiting.push(result);
    if (waiting.length >= ahead) yield await waiting.shift()!;
  }
  while (waiting.length > 0) yield await waiting.shift()!;
}
