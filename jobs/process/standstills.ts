/**
 * Notices that this process stood still: SIGSTOP, a frozen container, a machine that had no time
 * for it. Told by the monotonic clock, so a wrong date is none. A process that stood still for
 * `limitMs` has sent no heartbeat meanwhile, and its work may have been given to another.
 */

/**
 * Less than the activities' heartbeat time-out of 30 s by more than the time between two
 * heartbeats.
 */
const DEFAULT_LIMIT_MS = 20_000;

/** `CED_STANDSTILL_MS` is for tests of this guard; a worker's heartbeats are unaware of it. */
export function standstillLimitMs(environment: NodeJS.ProcessEnv): number {
  const asked = Number(environment['CED_STANDSTILL_MS']);
  return asked > 0 ? asked : DEFAULT_LIMIT_MS;
}

export class Standstills {
  private lastMs: number;
  private count = 0;

  constructor(
    readonly limitMs: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.lastMs = monotonicMs();
  }

  /**
   * How many there were up to this moment. To be called several times within `limitMs`, whether
   * anybody asks or not.
   */
  seen(): number {
    const nowMs = this.monotonicMs();
    if (nowMs - this.lastMs > this.limitMs) this.count++;
    this.lastMs = nowMs;
    return this.count;
  }

  /** A check that passes until the next standstill. @param what to name in the error */
  refuseAfter(what: string): () => Promise<void> {
    const before = this.seen();
    return async () => {
      if (this.seen() !== before)
        throw new Error(
          `${what}: this worker stood still and changes nothing any more; the work is tried again`,
        );
    };
  }
}
