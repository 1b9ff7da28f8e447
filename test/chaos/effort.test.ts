import { recoverySeconds, workRepeated } from './effort';
import type { Deed } from './witness';

const deed = (ms: number, pid: number, unit: Deed['unit'], shard: number, done: number): Deed => ({
  ms,
  pid,
  store: 's',
  unit,
  shard,
  done,
});

describe('what a fault cost', () => {
  it('counts steps that were trained twice', () => {
    const steps = [1, 2, 3, 4, 3, 4, 5].map((done, at) =>
      deed(at, at < 4 ? 1 : 2, 'steps', 0, done),
    );
    expect(workRepeated(steps)).toEqual({ steps: 2, rows: 0 });
  });

  it('counts rows that were predicted twice, by another engine and by the same', () => {
    const other = [
      deed(0, 1, 'rows', 0, 64),
      deed(1, 1, 'rows', 0, 128),
      deed(2, 2, 'rows', 0, 64),
      deed(3, 2, 'rows', 0, 256),
    ];
    const same = [
      deed(4, 2, 'rows', 1, 64),
      deed(5, 2, 'rows', 1, 256),
      deed(6, 2, 'rows', 1, 64),
      deed(7, 2, 'rows', 1, 256),
    ];
    expect(workRepeated([...other, ...same])).toEqual({ steps: 0, rows: 128 + 256 });
  });

  it('takes for recovery what goes beyond everything before, not what is done again', () => {
    const steps = [
      deed(1000, 1, 'steps', 0, 9),
      deed(3000, 2, 'steps', 0, 8),
      deed(3500, 2, 'steps', 0, 9),
      deed(4000, 2, 'steps', 0, 10),
    ];
    expect(recoverySeconds(steps, [], { atMs: 1500, countsFromMs: 2000 })).toBe(2.5);
    expect(recoverySeconds(steps, [500, 3250], { atMs: 1500, countsFromMs: 2000 })).toBe(1.75);
    expect(recoverySeconds(steps.slice(0, 3), [], { atMs: 1500, countsFromMs: 2000 })).toBeNull();
  });
});
