import { EpochSignals } from '../../activities/epoch-signals';
import type { EpochRecord } from '../../workflows/contract/activities';

describe('the epochs that a workflow is told of', () => {
  const epochOf = (
    epoch: number,
    epochs: number,
    more: Partial<EpochRecord> = {},
  ): EpochRecord => ({
    ...{ student: 'small', epoch, epochs, step: 4 * epoch, loss: 1 / epoch, mAP: null },
    ...more,
  });

  /** @param epochMs how long an epoch takes. @param more fields of an epoch's record */
  async function train(
    epochs: number,
    {
      from = 1,
      to = epochs,
      epochMs = 1000,
      more = (): Partial<EpochRecord> => ({}),
    }: { from?: number; to?: number; epochMs?: number; more?: (n: number) => object } = {},
  ): Promise<EpochRecord[]> {
    const told: EpochRecord[] = [];
    let nowMs = 0;
    const send = (record: EpochRecord): Promise<void> => Promise.resolve(void told.push(record));
    const signals = new EpochSignals(send, () => nowMs);
    for (let epoch = from; epoch <= to; epoch++) {
      nowMs += epochMs;
      signals.epoch(epochOf(epoch, epochs, more(epoch)));
    }
    await signals.end();
    return told;
  }
  const numbers = (told: EpochRecord[]): number[] => told.map(({ epoch }) => epoch);

  it('are all of them in a training of up to fifty', async () => {
    expect(numbers(await train(50))).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  it('are about fifty of three hundred, with the first and the last', async () => {
    const told = numbers(await train(300));
    expect(told.slice(0, 4)).toEqual([1, 6, 12, 18]);
    expect(told.at(-1)).toBe(300);
    expect(told).toHaveLength(51);
  });

  it('are at least every tenth, however many there are', async () => {
    expect(numbers(await train(100_000, { to: 35 }))).toEqual([1, 10, 20, 30, 35]);
  });

  it('begin with the first of an attempt and end with its last, wherever it stops', async () => {
    expect(numbers(await train(300, { from: 100, to: 110 }))).toEqual([100, 102, 108, 110]);
    expect(numbers(await train(300, { from: 7, to: 6 }))).toEqual([]);
  });

  it('are all of them where each takes ten minutes', async () => {
    expect(await train(300, { epochMs: 10 * 60_000 })).toHaveLength(300);
  });

  it('tell of another group at once', async () => {
    const more = (epoch: number): Partial<EpochRecord> =>
      epoch < 14 ? {} : { group: { generation: epoch < 16 ? 1 : 2, members: 2 } };
    expect(numbers(await train(300, { to: 18, more }))).toEqual([1, 6, 12, 14, 16, 18]);
  });

  it('carry the last validation of those that were not told', async () => {
    const measured = (epoch: number): Partial<EpochRecord> =>
      epoch % 5 === 0 ? { mAP: epoch / 100, divergence: epoch } : {};
    const told = await train(300, { to: 18, more: measured });
    expect(told.map(({ mAP, divergence }) => [mAP, divergence])).toEqual([
      [null, undefined],
      [0.05, 5],
      [0.1, 10],
      [0.15, 15],
    ]);
  });

  it('carry what was measured of the last one after it ended', async () => {
    const told: EpochRecord[] = [];
    const send = (record: EpochRecord): Promise<void> => Promise.resolve(void told.push(record));
    const signals = new EpochSignals(send, () => 0);
    signals.epoch(epochOf(1, 300));
    signals.epoch(epochOf(1, 300, { mAP: 0.5 }));
    await signals.end();
    expect(told.map(({ epoch, mAP }) => [epoch, mAP])).toEqual([
      [1, null],
      [1, 0.5],
    ]);
  });

  it('are not over before the last signal was sent', async () => {
    let sent = false;
    const signals = new EpochSignals(
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        sent = true;
      },
      () => 0,
    );
    signals.epoch(epochOf(1, 1));
    await signals.end();
    expect(sent).toBe(true);
  });
});
