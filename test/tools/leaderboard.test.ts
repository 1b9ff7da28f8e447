import { entryOf, leaderboardSection, withLeaderboard } from '../../tools/leaderboard/leaderboard';
import type { RunResult } from '../../workflows/contract/activities';

const made = { commit: 'abc1234', date: '2026-11-30', machine: '2 cores of X' };

/** @param scores eval mAP of the students; the ensemble has 0.4 */
function result(scores: readonly number[], seconds: number | null = 420): RunResult {
  return {
    run: 'mine',
    ensemble: { mAP: 0.4 },
    students: scores.map((mAP, index) => ({ name: `s${index}`, parameters: 340_028, mAP })),
    ...(seconds === null ? {} : { cost: { seconds } }),
  } as unknown as RunResult;
}

describe('the leaderboard', () => {
  it('takes the best student of a run, and all minutes that the run cost', () => {
    const entry = entryOf(result([0.37, 0.39]), made);
    expect(entry).toMatchObject({ student: 's1', minutes: 7, studentMAP: 0.39, ...made });
    expect(leaderboardSection([entry])).toContain(
      '| 7.0 | mine | s1, 0.34 M | 0.390, 97.5 % | `abc1234`, 2026-11-30 | 2 cores of X |\n',
    );
  });

  it('takes no student under 95 % of the ensemble, and no run of unknown cost', () => {
    expect(() => entryOf(result([0.379]), made)).toThrow(
      "s0 has 94.8 % of the ensemble's mAP, expected 95 %",
    );
    expect(() => entryOf(result([0.38]), made)).not.toThrow();
    expect(() => entryOf(result([0.39], null), made)).toThrow(
      'does not say what all of its models',
    );
  });

  it('begins with the fastest run, and replaces its section alone', () => {
    const slow = entryOf(result([0.39], 600), { ...made, commit: 'slow' });
    const fast = entryOf(result([0.39], 300), { ...made, commit: 'fast' });
    const page = withLeaderboard('# Results\n\ntext\n', [slow]);
    const both = withLeaderboard(page, [slow, fast]);
    expect(both).toMatch(/^# Results\n\ntext\n\n## Minutes to 95 %[^]*`fast`[^]*`slow`/);
    expect(withLeaderboard(both, [slow])).toBe(page);
  });
});
