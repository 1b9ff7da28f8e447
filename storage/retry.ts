/**
 * How long the doors to bytes wait for a place that does not answer: at least five minutes of
 * refused connections, 429 and 5xx, silence or a full disk, with pauses that double up to half a
 * minute. What no waiting can mend is thrown at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';

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
  /** Told before every pause, so that a waiting process is not taken for a hung one. */
  onWait?: (reason: string) => void;
  /** Told of every part that arrives: a large object on a slow line is no hang. */
  onBytes?: () => void;
}

const LONGEST_PAUSE_MS = 30_000;
const SILENCE_MS = 30_000;

/** Pauses and deadline of one stretch of failures; `succeeded` starts a new one. */
export class RetryPauses {
  private failedSinceMs: number | null = null;
  private pauseMs: number;

  constructor(private readonly retry: RetryOptions = {}) {
    this.pauseMs = retry.firstPauseMs ?? 250;
  }

  /**
   * Pauses after a transient failure. @throws the error itself when it is not transient or patience
   * is over
   */
  async after(error: unknown): Promise<void> {
    this.failedSinceMs ??= performance.now();
    if (
      !isTransient(error) ||
      performance.now() - this.failedSinceMs > (this.retry.retryForMs ?? 330_000)
    )
      throw error;
    this.retry.onWait?.(error instanceof Error ? error.message : String(error));
    // Up to a quarter more, so that a thousand workers do not return in one instant.
    await sleep(this.pauseMs * (1 + Math.random() / 4));
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
  }

  succeeded(): void {
    this.failedSinceMs = null;
    this.pauseMs = this.retry.firstPauseMs ?? 250;
  }
}

/**
 * Repeats `work` until it succeeds, fails for good, or patience is over. Only for work that may be
 * done twice, at the same time too: what was given up for its silence may still arrive.
 * @param work calls `alive` when it hears of progress
 */
export async function withRetry<T>(
  work: (alive: () => void) => Promise<T>,
  retry: RetryOptions,
): Promise<T> {
  const waiting = new RetryPauses(retry);
  for (;;) {
    try {
      return await unlessSilent(work, retry.silenceMs ?? SILENCE_MS);
    } catch (error) {
      await waiting.after(error);
    }
  }
}

/**
 * Bytes of something that can be opened at an offset. A transfer that breaks goes on from the byte
 * where it stopped.
 * @param open must give the same content at every call, from byte `from` on
 */
export async function* resuming(
  open: (from: number) => Promise<AsyncIterable<Uint8Array>>,
  retry: RetryOptions,
): AsyncGenerator<Uint8Array> {
  const waiting = new RetryPauses(retry);
  const silenceMs = retry.silenceMs ?? SILENCE_MS;
  let received = 0;
  for (;;) {
    try {
      // Left when it falls silent: `for await` would first wait for the end of what never ends.
      const parts = (await unlessSilent(() => open(received), silenceMs))[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await unlessSilent(() => parts.next(), silenceMs);
          if (next.done) return;
          received += next.value.length;
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

/** @throws ETIMEDOUT when `work` has neither ended nor called `alive` for so long */
async function unlessSilent<T>(
  work: (alive: () => void) => Promise<T>,
  silenceMs: number,
): Promise<T> {
  if (silenceMs === Infinity) return await work(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const giveUp = (): void =>
        reject(
          Object.assign(new Error(`no answer for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' }),
        );
      timer = setTimeout(giveUp, silenceMs);
      work(() => timer?.refresh()).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
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
  // Somebody makes room.
  'ENOSPC',
  'EDQUOT',
]);

/**
 * Connections that break, servers that are busy, disks that are full; told by codes, and by the
 * cause for errors that wrap another.
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
