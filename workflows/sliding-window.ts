/** Runs numbered work with a bounded number in flight: a new one starts whenever one ends. The first failure ends it all. */
export async function slidingWindow(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
