/**
 * Ctrl-C: the first requests an orderly stop, the second an immediate one. SIGTERM and a closed
 * terminal count as Ctrl-C.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl-C can arrive twice: from the terminal and from npm, which passes it on. */
const SAME_PRESS_MS = 500;

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Called at the second. */
  onSecond(action: () => void): void;
  /** From now on signals have their usual effect. */
  end(): void;
}

export function listenForInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController();
  let second = (): void => undefined;
  let firstMs = 0;
  const onSignal = (): void => {
    if (controller.signal.aborted)
      return performance.now() - firstMs > SAME_PRESS_MS ? second() : undefined;
    firstMs = performance.now();
    onFirst();
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    onSecond: (action) => void (second = action),
    end: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
