import { Heartbeats } from '../../activities/heartbeats';
import type { LiveProgress } from '../../workflows/contract/live-progress';

const counted = (done: number): LiveProgress => ({
  ...{ unit: 'clips', done, total: 9, perSecond: 1, etaSeconds: null },
});

describe('heartbeats of an attempt', () => {
  let nowMs: number;
  let sent: (LiveProgress | undefined)[];
  let heartbeats: Heartbeats;
  beforeEach(() => {
    [nowMs, sent] = [0, []];
    heartbeats = new Heartbeats(
      (details) => void sent.push(details),
      30_000,
      () => nowMs,
    );
  });
  const after = (seconds: number): Heartbeats => {
    nowMs += seconds * 1000;
    return heartbeats;
  };

  it('are sent for what is counted and for what only moves, with the last count', () => {
    heartbeats.alive();
    after(2).progress(counted(1));
    after(2).alive();
    after(2).alive('waiting for storage');
    after(2).alive();
    expect(sent).toStrictEqual([
      undefined,
      counted(1),
      counted(1),
      { ...counted(1), phase: 'waiting for storage' },
      counted(1),
    ]);
  });

  it('are sent once a second at most, and the last count is not lost', () => {
    for (let done = 1; done <= 5; done++) after(0.3).progress(counted(done));
    expect(sent).toStrictEqual([counted(1), counted(5)]);
    after(0.3).progress(counted(6));
    heartbeats.flush();
    heartbeats.flush();
    expect(sent.at(-1)).toEqual(counted(6));
    expect(sent).toHaveLength(3);
  });

  it('let an attempt change nothing after a pause in which another may have begun', () => {
    after(20).alive();
    after(23).throwIfLapsed();
    heartbeats.alive();
    after(25).alive();
    after(1).alive();
    expect(() => heartbeats.throwIfLapsed()).toThrow(/no sign of life/);
  });
});
