import { validationsSinceBest, withEntry, type BestEntry } from '../../../ced/training/best-list';

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
