/**
 * How long the doors to bytes wait for a place that does not answer: at least five minutes of refused connections, 429 and 5xx, with pauses
 * that double up to half a minute. What no waiting can mend is thrown at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds of failure after which the last error is thrown. @default 330000 */
  patienceMs?: number;
  /** First pause between tries; each one after it is twice as long, up to 30 s. @default 250 */
  firstPauseMs?: number;
  /** Told before every pause, so that a waiting process is not taken for a hung one. */
  onWait?: (reason: string) => void;
}

const LONGEST_PAUSE_MS = 30_000;

/** Pauses and deadline of one stretch of failures; `succeeded` starts a new one. */
export class Waiting {
  private failedSinceMs: number | null = null;
  private pauseMs: number;

  constructor(private readonly patience: Patience = {}) {
    this.pauseMs = patience.firstPauseMs ?? 250;
  }

  /** Pauses after a transient failure. @throws the error itself when it is not transient or patience is over */
  async after(error: unknown): Promise<void> {
    this.failedSinceMs ??= performance.now();
    if (!isTransient(error) || performance.now() - this.failedSinceMs > (this.patience.patienceMs ?? 330_000)) throw error;
    this.patience.onWait?.(error instanceof Error ? error.message : String(error));
    // Up to a quarter more, so that a thousand workers do not return in one instant.
    await sleep(this.pauseMs * (1 + Math.random() / 4));
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
  }

  succeeded(): void {
    this.failedSinceMs = null;
    this.pauseMs = this.patience.firstPauseMs ?? 250;
  }
}

/** Repeats `work` until it succeeds, fails for good, or patience is over. Only for work that may be done twice. */
export async function patiently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const waiting = new Waiting(patience);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await waiting.after(error);
    }
  }
}

/**
 * Bytes of something that can be opened at an offset. A transfer that breaks goes on from the byte where it stopped.
 * @param open must give the same content at every call, from byte `from` on
 */
export async function* resuming(
  open: (from: number) => Promise<AsyncIterable<Uint8Array>>,
  patience: Patience,
): AsyncGenerator<Uint8Array> {
  const waiting = new Waiting(patience);
  let received = 0;
  for (;;) {
    try {
      for await (const part of await open(received)) {
        received += part.length;
        waiting.succeeded();
        yield part;
      }
      return;
    } catch (error) {
      await waiting.after(error);
    }
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
]);

/** Connections that break and servers that are busy; told by codes, and by the cause for errors that wrap another. */
export function isTransient(error: unknown): boolean {
  const { code, status, cause, errors } = error as { code?: unknown; status?: unknown; cause?: unknown; errors?: unknown };
  if (
    TRANSIENT_STATUS.has(Number(code)) ||
    TRANSIENT_STATUS.has(Number(status)) ||
    TRANSIENT_CODES.has(String(code)) ||
    String(code).startsWith('UND_ERR_')
  )
    return true;
  if (error instanceof AggregateError || Array.isArray(errors))
    return (errors as unknown[]).some((one) => typeof one === 'object' && one !== null && isTransient(one));
  return typeof cause === 'object' && cause !== null && isTransient(cause);
}
