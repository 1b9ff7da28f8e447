/**
 * Which epochs of a training its workflow is told of. A signal costs the history five events, so
 * epochs share them: every second to tenth is told, by the number of epochs, each once they take
 * ten minutes, and always the first and the last of an attempt and the first after the group
 * changed. Heartbeats show every epoch.
 */
import type { EpochRecord } from '../workflows/contract/activities';

/** Signals of a training of up to 500 epochs, apart from those of its attempts. */
const MOST_SIGNALS = 50;
/** So many epochs share a signal however many there are. */
const MOST_EPOCHS = 10;
/** After so long an epoch is told in any case. */
const TOLD_EVERY_MS = 10 * 60_000;

export class EpochSignals {
  private told: { record: EpochRecord; ms: number } | null = null;
  private untold: EpochRecord | null = null;
  private sending: Promise<unknown> = Promise.resolve();

  /** @param send never rejects */
  constructor(
    private readonly send: (record: EpochRecord) => Promise<void>,
    private readonly monotonicMs: () => number,
  ) {}

  /** A finished epoch, or what was measured of the last one later. */
  epoch(record: EpochRecord): void {
    this.untold = withEarlierValidation(record, this.untold);
    if (this.isDue(record)) this.tell();
  }

  /** Tells the last epoch. Resolves when every signal was sent. */
  async end(): Promise<void> {
    this.tell();
    await this.sending;
  }

  private isDue({ epoch, epochs, group }: EpochRecord): boolean {
    const { told } = this;
    if (told === null || epoch % epochsPerSignal(epochs) === 0) return true;
    return (
      group?.generation !== told.record.group?.generation ||
      group?.members !== told.record.group?.members ||
      this.monotonicMs() - told.ms >= TOLD_EVERY_MS
    );
  }

  private tell(): void {
    const record = this.untold;
    if (record === null) return;
    this.told = { record, ms: this.monotonicMs() };
    this.untold = null;
    this.sending = Promise.all([this.sending, this.send(record)]);
  }
}

function epochsPerSignal(epochs: number): number {
  return Math.min(MOST_EPOCHS, Math.ceil(epochs / MOST_SIGNALS));
}

/** With the validation of an epoch that was not told, as not every epoch is validated. */
function withEarlierValidation(record: EpochRecord, untold: EpochRecord | null): EpochRecord {
  const divergence = record.divergence ?? untold?.divergence;
  return {
    ...record,
    mAP: record.mAP ?? untold?.mAP ?? null,
    ...(divergence === undefined ? {} : { divergence }),
  };
}
