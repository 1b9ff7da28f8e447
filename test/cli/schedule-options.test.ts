import { describeFailure } from '../../cli/failure';
import { durationText, parseScheduleOptions } from '../../cli/run/schedule-options';

const create = (...argv: string[]) => parseScheduleOptions(['create', 'run.json', ...argv]);

describe('options of npm run schedule', () => {
  it('are few: a day has ten minutes of jitter, a shorter interval a tenth of it', () => {
    expect(create('--every', '24h')).toMatchObject({
      runFile: 'run.json',
      id: null,
      everySeconds: 86_400,
      offsetSeconds: 0,
      jitterSeconds: 600,
    });
    expect(create('--every', '90s')).toMatchObject({ jitterSeconds: 9 });
    expect(create('--every', '1d/3h30m', '--jitter', '0s')).toMatchObject({
      everySeconds: 86_400,
      offsetSeconds: 12_600,
      jitterSeconds: 0,
    });
  });

  it.each([
    [
      ['--every', 'daily'],
      '--every daily: expected a duration in d, h, m and s, for example 24h or 90m',
    ],
    [['--every', '0s'], '--every 0s: expected an interval above 0'],
    [
      ['--every', '1h', '--jitter', '5'],
      '--jitter 5: expected a duration in d, h, m and s, for example 24h or 90m',
    ],
    [[], '--every: nothing given, expected an interval, for example 24h'],
    [
      ['more.json', '--every', '1h'],
      'npm run schedule: expected create and one run file; see npm run schedule -- --help',
    ],
  ])('%j is refused in one line', (argv, complaint) => {
    const said = (() => {
      try {
        create(...argv);
        return 'nothing';
      } catch (error) {
        return describeFailure(error);
      }
    })();
    expect(said).toBe(complaint);
  });

  it('are written as the Temporal CLI reads them', () => {
    expect([0, 9, 90, 120, 5400, 86_400].map(durationText)).toEqual([
      '0s',
      '9s',
      '90s',
      '2m',
      '90m',
      '24h',
    ]);
  });
});
