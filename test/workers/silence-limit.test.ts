import { SilenceLimit } from '../../workers/silence-limit';

describe('a job that says nothing', () => {
  let nowMs = 0;
  let silence: SilenceLimit;
  beforeEach(() => (silence = new SilenceLimit(() => nowMs)));
  const after = (seconds: number): SilenceLimit => {
    nowMs += seconds * 1000;
    return silence;
  };

  it('has five minutes until its first unit of work: TensorFlow and weights are loaded', () => {
    expect(after(299).isExceeded()).toBe(false);
    expect(after(1).isExceeded()).toBe(true);
  });

  it('has five minutes for the first unit of each phase: a step or a prediction is traced', () => {
    silence.counted('reading logits');
    after(1).counted('reading logits');
    after(1).counted();
    expect(after(299).isExceeded()).toBe(false);
    silence.counted();
    silence.counted('validating');
    expect(after(299).isExceeded()).toBe(false);
  });

  it('has a minute for every later unit, or five times the slowest so far', () => {
    silence.counted();
    after(10).counted();
    expect(after(59).isExceeded()).toBe(false);
    expect(after(1).isExceeded()).toBe(true);
    after(40).counted();
    expect(after(499).isExceeded()).toBe(false);
    expect(after(1).isExceeded()).toBe(true);
  });

  it('may wait for a store for as long as it says so', () => {
    silence.counted();
    after(1).counted();
    for (let minute = 0; minute < 10; minute++) after(50).waited();
    expect(silence.isExceeded()).toBe(false);
    expect(after(60).isExceeded()).toBe(true);
  });
});
