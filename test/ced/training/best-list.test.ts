import {
  hasStoppedEarly,
  validationsSinceBest,
  withEntry,
  type BestEntry,
} from '../../../ced/training/best-list';

const entry = (step: number, value: number): BestEntry => ({ step, epoch: step / 10, value });

describe('the list of best checkpoints', () => {
  it('keeps the best few, best first', () => {
    const best = [0.1, 0.3, 0.2].reduce<BestEntry[]>(
      (list, value, index) => withEntry(list, entry(10 * (index + 1), value), 2),
      [],
    );
    expect(best.map(({ value }) => value)).toEqual([0.3, 0.2]);
  });

  it('gives ties to the earlier step', () => {
    expect(withEntry([entry(10, 0.5)], entry(20, 0.5), 1)).toEqual([entry(10, 0.5)]);
  });

  it('counts the validations since the best one', () => {
    expect(validationsSinceBest([entry(20, 0.5)], [10, 20, 30, 40])).toBe(2);
    expect(validationsSinceBest([], [])).toBe(0);
  });
});

describe('a training without a new best', () => {
  const history = { best: [entry(200, 0.5), entry(300, 0.4)], validated: [100, 200, 300, 400] };

  it('is over after so many validations', () => {
    expect(hasStoppedEarly(history, { earlyStop: 2 })).toBe(true);
    expect(hasStoppedEarly(history, { earlyStop: 3 })).toBe(false);
    expect(hasStoppedEarly(history, { earlyStop: 0 })).toBe(false);
  });

  it('is over after so many steps where the settings say steps, whatever validateEvery is', () => {
    for (const validated of [history.validated, [200, 400], [100, 200, 250, 300, 350, 400]])
      for (const earlyStop of [0, 1]) {
        const of = (earlyStopSteps: number): boolean =>
          hasStoppedEarly({ ...history, validated }, { earlyStop, earlyStopSteps });
        expect([of(199), of(200), of(201)]).toEqual([true, true, false]);
      }
  });

  it('is not over before its first validation', () => {
    for (const settings of [{ earlyStop: 1 }, { earlyStop: 0, earlyStopSteps: 1 }])
      expect(hasStoppedEarly({ best: [], validated: [] }, settings)).toBe(false);
  });
});
