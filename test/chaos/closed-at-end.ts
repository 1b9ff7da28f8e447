/**
 * What a series of faults opens is closed at its end, and on Ctrl-C: workers lead process groups of
 * their own, which Ctrl-C does not reach, and network namespaces outlive every process.
 */
type Close = () => Promise<void>;

const open = new Set<Close>();
let isInterrupted = false;

/**
 * @param close is called once, also while `work` still opens something: it waits for that
 * @returns what `work` does; never after Ctrl-C, which ends the process
 */
export async function closedAtEnd<T>(close: Close, work: () => Promise<T>): Promise<T> {
  if (open.size === 0)
    // Not once: npm passes on a Ctrl-C that the terminal has already sent.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  let closing: Promise<void> | null = null;
  const closeOnce = (): Promise<void> => (closing ??= close());
  open.add(closeOnce);
  try {
    return await work();
  } finally {
    await closeOnce();
    if (isInterrupted) await new Promise(() => undefined);
    open.delete(closeOnce);
  }
}

function interrupt(): void {
  if (isInterrupted) return;
  isInterrupted = true;
  process.on('uncaughtException', () => undefined); // questions to the server that are still open
  void Promise.allSettled([...open].map((close) => close())).then(() => process.exit(130));
}
