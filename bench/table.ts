/** A row of the table: median, minimum, CPU time and peak memory of both sides, and the ratios. */
import type { Sample } from './measured-process';
import type { Measure } from './measures';

export interface Side {
  readonly samples: readonly Sample[];
  readonly peakBytes: number;
}

const columns = [
  'measure',
  'median ms',
  'min ms',
  'CPU ms',
  'peak MB',
  'theirs: median',
  'min',
  'CPU',
  'peak',
  'ratio',
  'goal',
  'memory',
];

export function tableHead(): string {
  return `${line(columns)}\n${line(columns.map((_, index) => (index === 0 ? '---' : '---:')))}`;
}

/** The ratio is that of the medians, which a user waits for, not of the minima. */
export function row({ name, goal }: Measure, ours: Side, theirs: Side): string {
  const [own, other] = [summary(ours), summary(theirs)];
  const ratio = own.median / other.median;
  const sides = [own, other].flatMap(({ median, minimum, cpu, peak }) =>
    [median, minimum, cpu, peak].map((value) => value.toFixed(0)),
  );
  return line([
    name,
    ...sides,
    ratio.toFixed(2),
    `${goal.toFixed(2)}${ratio <= goal ? '' : ' missed'}`,
    (own.peak / other.peak).toFixed(2),
  ]);
}

function summary({ samples, peakBytes }: Side): {
  median: number;
  minimum: number;
  cpu: number;
  peak: number;
} {
  const times = samples.map(({ ms }) => ms);
  return {
    median: median(times),
    minimum: Math.min(...times),
    cpu: median(samples.map(({ cpuMs }) => cpuMs)),
    peak: peakBytes / 1e6,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
