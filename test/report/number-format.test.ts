import {
  formatBytes,
  formatCount,
  formatDifference,
  formatParameters,
  formatPercent,
  formatScore,
  formatSeconds,
  formatThreshold,
} from '../../report/number-format';

describe('numbers in a report', () => {
  it.each([
    [formatCount(0), '0'],
    [formatCount(999), '999'],
    [formatCount(1_234_567), '1,234,567'],
    [formatParameters(640), '640'],
    [formatParameters(48_000), '48.0 k'],
    [formatParameters(221_876), '0.22 M'],
    [formatParameters(5_510_000), '5.5 M'],
    [formatParameters(86_000_000), '86 M'],
    [formatParameters(7_300_000_000), '7,300 M'],
    [formatBytes(9.3e15), '9.30 PB'],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(999_600), '1.00 MB'],
    [formatBytes(384_000_000), '384 MB'],
    [formatSeconds(0.04), '0.0 s'],
    [formatSeconds(59.96), '1 min 00 s'],
    [formatSeconds(187), '3 min 07 s'],
    [formatSeconds(3599.9), '1 h 00 min'],
    [formatSeconds(7500), '2 h 05 min'],
    [formatPercent(0.9182), '91.8 %'],
    [formatThreshold(0.1 + 0.2), '0.3'],
    [formatThreshold(null), 'never'],
    [formatPercent(null), '–'],
    [formatScore(0.2345), '0.234'],
    [formatScore(null), '–'],
    [formatDifference(-0.03), '−0.030'],
    [formatDifference(0.0121), '+0.012'],
    [formatDifference(-0.0001), '0.000'],
  ])('%s reads %s', (written, expected) => {
    expect(written).toBe(expected);
  });
});
