import { onSchedule } from '../../../ced/training/validation-schedule';

describe('validations in the checkpoint of an earlier version', () => {
  const settings = { epochs: 11, validateEvery: 3, averageBest: 2, earlyStop: 0 };
  const stepsPerEpoch = 2;
  const entry = (epoch: number, value: number) => ({ step: epoch * stepsPerEpoch, epoch, value });
  const history = (validated: number[], best: ReturnType<typeof entry>[]) => ({
    validated: validated.map((epoch) => epoch * stepsPerEpoch),
    best,
    bitExact: true,
  });

  it('stay as they are when all of them are on the schedule, the last epoch included', () => {
    const whole = history([3, 6, 9, 11], [entry(9, 0.9), entry(3, 0.8)]);
    expect(onSchedule(whole, settings, stepsPerEpoch)).toBe(whole);
  });

  it('lose those of a stop, exactly where these pushed nothing out', () => {
    expect(
      onSchedule(history([3, 5], [entry(5, 0.9), entry(3, 0.8)]), settings, stepsPerEpoch),
    ).toEqual(history([3], [entry(3, 0.8)]));
    expect(
      onSchedule(history([3, 5, 6, 9], [entry(9, 0.9), entry(6, 0.8)]), settings, stepsPerEpoch),
    ).toEqual(history([3, 6, 9], [entry(9, 0.9), entry(6, 0.8)]));
  });

  it('say so where one of a stop pushed another out of the best', () => {
    expect(
      onSchedule(history([3, 5, 6], [entry(5, 0.9), entry(6, 0.8)]), settings, stepsPerEpoch),
    ).toEqual({ ...history([3, 6], [entry(6, 0.8)]), bitExact: false });
  });

  it('say so where an early stop may have been missed over it', () => {
    const before = history([3, 5], [entry(5, 0.9), entry(3, 0.8)]);
    const stopping = { ...settings, earlyStop: 1 };
    expect(onSchedule(before, stopping, stepsPerEpoch).bitExact).toBe(true);
    const passed = history([3, 5, 6], [entry(6, 0.9), entry(3, 0.8)]);
    expect(onSchedule(passed, stopping, stepsPerEpoch).bitExact).toBe(false);
  });
});
