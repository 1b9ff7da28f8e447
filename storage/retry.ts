/**
 * How long stores and sources wait for a place that does not answer: at least five minutes of
 * refused connections, 429 and 5xx, silence or a full disk, with pauses that double up to half a
 * minute. An error that no waiting helps against is thrown at once.
 */
export interface RetryOptions {
  /** Milliseconds of failure after which the last error is thrown. @default 330000 */
  retryForMs?: number;
  /** First pause between tries; each one after it is twice as long, up to 30 s. @default 250 */
  firstPauseMs?: number;
  /**
   * Milliseconds without a sign of life after which a request is given up and made again. @default
   * 30000
   */
  silenceMs?: number;
  /**
   * Called every few seconds while a pause or a request lasts, so that a waiting process is not
   * taken for a hung one. All waiting is bounded: by `silenceMs` and `retryForMs`.
   */
  onWait?: (reason: string) => void;
  /** Called for every part that arrives or leaves: a large object on a slow line is no hang. */
  onBytes?: () => void;
  /**
   * Ends all waiting with its reason. A request that is made after it was aborted gets one try of a
   * few seconds: leases are released by such requests.
   */
  signal?: AbortSignal | undefined;
}

const LONGEST_PAUSE_MS = 30_000;
const SILENCE_MS = 30_000;
/** Well below the heartbeat time-out of 30 s, whatever a heartbeat's own delay is. */
const REPORT_EVERY_MS = 5000;
const AFTER_ABORT_MS = 5000;

/** Pauses and deadline of one stretch of failures; `succeeded` starts a new one. */
export class RetryPauses {
  private failedSinceMs: number | null = null;
  private pauseMs: number;

  constructor(private readonly retry: RetryOptions = {}) {
    this.pauseMs = retry.firstPauseMs ?? 250;
  }

  /**
   * Pauses after a transient failure. @throws the error itself when it is not transient or the time
   * for retries is over, the signal's reason when it was aborted
   */
  async after(error: unknown): Promise<void> {
    this.failedSinceMs ??= performance.now();
    if (
      !isTransient(error) ||
      performance.now() - this.failedSinceMs > (this.retry.retryForMs ?? 330_000)
    )
      throw error;
    // Up to a quarter more, so that a thousand workers do not return in one instant.
    const pauseMs = this.pauseMs * (1 + Math.random() / 4);
    await pause(pauseMs, error instanceof Error ? error.message : String(error), this.retry);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
  }

  succeeded(): void {
    this.failedSinceMs = null;
    this.pauseMs = this.retry.firstPauseMs ?? 250;
  }
}

async function pause(
  pauseMs: number,
  reason: string,
  { signal, onWait }: RetryOptions,
): Promise<void> {
  onWait?.(reason);
  signal?.throwIfAborted();
  await waitFor<void>(() => new Promise(() => undefined), {
    limitMs: pauseMs,
    signal,
    onWait: () => onWait?.(reason),
    onLimit: (resolve) => resolve(),
  });
}

/**
 * Repeats `work` until it succeeds, fails for good, or the time for retries is over. Only for work
 * that may be done twice, at the same time too: a request that was given up for its silence may
 * still arrive.
 * @param work calls `alive` when something moves
 */
export async function withRetry<T>(
  work: (alive: () => void) => Promise<T>,
  retry: RetryOptions,
): Promise<T> {
  const waiting = new RetryPauses(retry);
  for (;;) {
    try {
      return await unlessSilent(work, retry);
    } catch (error) {
      await waiting.after(error);
    }
  }
}

/** Each part resets the wait for the next one, so a trickle of them would never end. */
export interface Pace {
  bytesPerSecond: number;
  /** Milliseconds of waiting for parts over which it is measured. */
  overMs: number;
  tooSlow: (bytes: number, waitedMs: number) => Error;
}

/**
 * Bytes of something that can be opened at an offset. A transfer that breaks goes on from the byte
 * where it stopped.
 * @param open must give the same content at every call, from byte `from` on
 * @param pace what the transfer must keep up; absent: any that is not silent
 */
export async function* resuming(
  open: (from: number) => Promise<AsyncIterable<Uint8Array>>,
  retry: RetryOptions,
  pace?: Pace,
): AsyncGenerator<Uint8Array> {
  const waiting = new RetryPauses(retry);
  let received = 0;
  let [waitedMs, arrived] = [0, 0];
  for (;;) {
    try {
      // Left when it falls silent: `for await` would first wait for an end that never comes.
      const parts = (await unlessSilent(() => open(received), retry))[Symbol.asyncIterator]();
      try {
        for (;;) {
          const askedMs = performance.now();
          const next = await unlessSilent(() => parts.next(), retry);
          if (next.done) return;
          received += next.value.length;
          waitedMs += performance.now() - askedMs;
          arrived += next.value.length;
          if (pace && waitedMs >= pace.overMs) {
            if (arrived * 1000 < pace.bytesPerSecond * waitedMs)
              throw pace.tooSlow(arrived, waitedMs);
            [waitedMs, arrived] = [0, 0];
          }
          waiting.succeeded();
          retry.onBytes?.();
          yield next.value;
        }
      } finally {
        void parts.return?.().catch(() => undefined);
      }
    } catch (error) {
      await waiting.after(error);
    }
  }
}

/**
 * Waits for `work`, and says so every few seconds. @throws ETIMEDOUT when it has neither ended nor
 * called `alive` for `silenceMs`, the signal's reason when that is aborted meanwhile
 */
export async function unlessSilent<T>(
  work: (alive: () => void) => Promise<T>,
  { silenceMs = SILENCE_MS, signal, onWait }: RetryOptions,
): Promise<T> {
  if (silenceMs === Infinity) return await work(() => undefined);
  const limitMs = signal?.aborted ? Math.min(silenceMs, AFTER_ABORT_MS) : silenceMs;
  const silence = (ms: number): string => `no answer for ${ms / 1000} s`;
  return await waitFor(work, {
    limitMs,
    signal,
    onWait: (waitedMs) => onWait?.(silence(waitedMs)),
    onLimit: (_, reject) =>
      reject(Object.assign(new Error(silence(limitMs)), { code: 'ETIMEDOUT' })),
  });
}

/**
 * Reports every few seconds while `work` lasts. For work with a limit of its own, as that of a
 * supervised process. @throws the signal's reason when that is aborted
 */
export async function reportingWait<T>(
  work: Promise<T>,
  reason: string,
  { signal, onWait }: RetryOptions,
): Promise<T> {
  work.catch(() => undefined);
  signal?.throwIfAborted();
  return await waitFor(() => work, {
    limitMs: Infinity,
    signal,
    onWait: () => onWait?.(reason),
    onLimit: () => undefined,
  });
}

interface Wait<T> {
  /** Milliseconds after which `onLimit` is called, from the beginning or the last restart on. */
  limitMs: number;
  signal?: AbortSignal | undefined;
  /** Called every few seconds. */
  onWait: (waitedMs: number) => void;
  onLimit: (resolve: (value: T) => void, reject: (error: Error) => void) => void;
}

async function waitFor<T>(
  work: (restart: () => void) => Promise<T>,
  { limitMs, signal, onWait, onLimit }: Wait<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      let waitedMs = 0;
      const wait = (): void => {
        const shortMs = Math.min(REPORT_EVERY_MS, limitMs - waitedMs);
        timer = setTimeout(() => {
          waitedMs += shortMs;
          if (waitedMs >= limitMs) return onLimit(resolve, reject);
          onWait(waitedMs);
          wait();
        }, shortMs);
      };
      const restart = (): void => {
        clearTimeout(timer);
        waitedMs = 0;
        wait();
      };
      abort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort);
      wait();
      work(restart).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  // Another process may free space.
  'ENOSPC',
  'EDQUOT',
]);

/**
 * Broken connections, busy servers and full disks, recognised by their codes, or by the cause of an
 * error that wraps another.
 */
export function isTransient(error: unknown): boolean {
  const { code, status, cause, errors } = error as {
    code?: unknown;
    status?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (
    TRANSIENT_STATUS.has(Number(code)) ||
    TRANSIENT_STATUS.has(Number(status)) ||
    TRANSIENT_CODES.has(String(code)) ||
    String(code).startsWith('UND_ERR_')
  )
    return true;
  if (error instanceof AggregateError || Array.isArray(errors))
    return (errors as unknown[]).some(
      (one) => typeof one === 'object' && one !== null && isTransient(one),
    );
  return typeof cause === 'object' && cause !== null && isTransient(cause);
}
