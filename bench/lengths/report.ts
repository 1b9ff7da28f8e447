/** What `npm run bench -- lengths` makes of its samples. */
import type { Sample } from '../measured-process';
import { median } from '../table';

/** One shard predicted, and the process after it. */
export interface ShardSample extends Sample {
  readonly functions: number;
  readonly residentBytes: number;
}

/** Time of varied lengths over that of equal lengths. */
export const RATIO_GOAL = 1.15;
/** Memory settles while buffers find their sizes. */
export const ALLOWED_GROWTH_BYTES = 64e6;

export interface LengthsResult {
  model: string;
  clips: number;
  views: number;
  /** A sample per round, the two sides of a round one after the other. */
  equal: readonly ShardSample[];
  varied: readonly ShardSample[];
  /** Lengths in all, and a sample per shard of them. */
  lengths: number;
  shards: readonly ShardSample[];
}

/**
 * Medians of the ratio in each round but the first, in which each side does what a process does
 * once.
 */
export function settledRatio({ equal, varied }: LengthsResult): { wall: number; cpu: number } {
  const ratios = (field: 'ms' | 'cpuMs'): number[] =>
    equal.slice(1).map((sample, at) => varied[at + 1]![field] / sample[field]);
  return { wall: median(ratios('ms')), cpu: median(ratios('cpuMs')) };
}

/** From the first half of the shards to the second, without the first shard. */
export function growth(shards: readonly ShardSample[]): { bytes: number; functions: number } {
  const settled = shards.slice(1);
  const half = settled.length >> 1;
  const least = (field: 'residentBytes' | 'functions', samples: readonly ShardSample[]): number =>
    Math.min(...samples.map((sample) => sample[field]));
  const grown = (field: 'residentBytes' | 'functions'): number =>
    least(field, settled.slice(half)) - least(field, settled.slice(0, Math.max(1, half)));
  return { bytes: grown('residentBytes'), functions: grown('functions') };
}

export function isWithinGoals(result: LengthsResult): boolean {
  const { bytes, functions } = growth(result.shards);
  return settledRatio(result).wall <= RATIO_GOAL && bytes <= ALLOWED_GROWTH_BYTES && functions <= 0;
}

export function lengthsTable(result: LengthsResult): string {
  const { model, clips, views, equal, varied, lengths, shards } = result;
  const ratio = settledRatio(result);
  const grown = growth(shards);
  const list = (values: readonly number[]): string => values.join(' ');
  return [
    `${model}: seconds for the logits of ${clips} clips, ${views} views each`,
    cells('', 'first', 'its CPU', 'later', 'its CPU', 'functions'),
    side('one length', equal),
    side(`${clips} lengths, as much audio`, varied),
    cells('ratio, median of rounds', '', '', ratio.wall.toFixed(2), ratio.cpu.toFixed(2)),
    `  goal for the time: ${RATIO_GOAL}${ratio.wall <= RATIO_GOAL ? '' : ', missed'}`,
    '',
    `${lengths} lengths in ${shards.length} shards, after each shard:`,
    `  functions  ${list(shards.map(({ functions }) => functions))}`,
    `  MB         ${list(shards.map(({ residentBytes }) => megabytes(residentBytes)))}`,
    `  grown by ${grown.functions} functions and ${megabytes(grown.bytes)} MB`,
  ].join('\n');
}

function side(name: string, samples: readonly ShardSample[]): string {
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2);
  const later = samples.slice(1);
  return cells(
    name,
    seconds(samples[0]?.ms ?? NaN),
    seconds(samples[0]?.cpuMs ?? NaN),
    seconds(median(later.map(({ ms }) => ms))),
    seconds(median(later.map(({ cpuMs }) => cpuMs))),
    String(samples.at(-1)?.functions ?? NaN),
  );
}

function cells(name: string, ...values: string[]): string {
  return `  ${name.padEnd(30)}${values.map((value) => value.padStart(11)).join('')}`;
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
