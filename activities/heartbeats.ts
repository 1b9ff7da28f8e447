/**
 * Heartbeats of one attempt. They are sent when something moved, never by a clock: an attempt that
 * hangs falls silent, and the server gives its task to another worker. An attempt that was silent
 * for that long changes nothing any more.
 */
import { phaseProgress, type LiveProgress } from '../workflows/contract/live-progress';

/** The SDK throttles what it sends; more often only costs encoding. */
const AT_MOST_EVERY_MS = 1000;
/** The SDK may hold a heartbeat back for four seconds, and the network is not instant. */
const MARGIN_MS = 6000;

export class Heartbeats {
  private latest: LiveProgress | undefined;
  private unsent = false;
  private sentMs = -Infinity;
  private movedMs: number;
  private lapsed = false;

  /** @param timeoutMs after which the server gives the task to another; undefined: never */
  constructor(
    private readonly send: (details: LiveProgress | undefined) => void,
    private readonly timeoutMs: number | undefined,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.movedMs = monotonicMs();
  }

  /** Something was counted. */
  progress(progress: LiveProgress): void {
    this.latest = progress;
    this.moved(progress);
  }

  /** Uncounted work moved. @param phase its name, if users should see it */
  alive(phase?: string): void {
    if (phase === undefined) this.moved(this.latest);
    else this.moved(this.latest ? { ...this.latest, phase } : phaseProgress(phase));
  }

  /** Sends the unsent details: the next attempt receives the last ones. */
  flush(): void {
    if (this.unsent) this.beat(this.latest);
  }

  /** @throws when the server may have given the task to another worker */
  throwIfLapsed(): void {
    this.look();
    if (this.lapsed)
      throw new Error(
        'this attempt gave no sign of life for so long that another may have begun; ' +
          'it changes nothing any more and is tried again',
      );
  }

  private moved(details: LiveProgress | undefined): void {
    this.look();
    this.movedMs = this.monotonicMs();
    if (this.movedMs - this.sentMs >= AT_MOST_EVERY_MS) this.beat(details);
    else this.unsent = true;
  }

  private look(): void {
    const silentMs = this.monotonicMs() - this.movedMs;
    this.lapsed ||= this.timeoutMs !== undefined && silentMs > this.timeoutMs - MARGIN_MS;
  }

  private beat(details: LiveProgress | undefined): void {
    this.sentMs = this.monotonicMs();
    this.unsent = false;
    this.send(details);
  }
}
