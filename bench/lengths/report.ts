/** What `npm run bench -- lengths` makes of its samples. */
import type { Sample } from '../measured-process';
import { median } from '../table';
import type { Stage } from './stages';

/** One run of a stage, and the process after it. */
export interface StageSample extends Sample {
  readonly functions: number;
  readonly residentBytes: number;
}

/** Time of varied lengths over that of equal lengths. */
export const RATIO_GOAL = 1.15;
/** Memory settles while buffers find their sizes. */
export const ALLOWED_GROWTH_BYTES = 64e6;

/** A sample per round, the two sides of a round one after the other. */
export interface Sides {
  readonly equal: readonly StageSample[];
  readonly varied: readonly StageSample[];
}

/** What a training computes: chunks, and how much of them is silence behind a shorter one. */
export interface Padding {
  readonly rows: number;
  readonly silence: number;
}

export interface LengthsResult {
  model: string;
  clips: number;
  views: number;
  chunkSeconds: number;
  stages: readonly (Sides & { readonly stage: Stage })[];
  padding: { readonly equal: Padding; readonly varied: Padding };
  /** Lengths in all, and a sample per shard of them, pass after pass. */
  lengths: number;
  passes: number;
  shards: readonly StageSample[];
}

/**
 * Medians of the ratio in each round but the first, in which each side does what a process does
 * once.
 */
export function settledRatio({ equal, varied }: Sides): { wall: number; cpu: number } {
  const ratios = (field: 'ms' | 'cpuMs'): number[] =>
    equal.slice(1).map((sample, at) => varied[at + 1]![field] / sample[field]);
  return { wall: median(ratios('ms')), cpu: median(ratios('cpuMs')) };
}

/** From the first half of the shards to the second, without the first shard. */
export function growth(shards: readonly StageSample[]): { bytes: number; functions: number } {
  const settled = shards.slice(1);
  const half = settled.length >> 1;
  const least = (field: 'residentBytes' | 'functions', samples: readonly StageSample[]): number =>
    Math.min(...samples.map((sample) => sample[field]));
  const grown = (field: 'residentBytes' | 'functions'): number =>
    least(field, settled.slice(half)) - least(field, settled.slice(0, Math.max(1, half)));
  return { bytes: grown('residentBytes'), functions: grown('functions') };
}

/** The shards of each pass. */
function passesOf({ shards, passes }: LengthsResult): StageSample[][] {
  const each = Math.ceil(shards.length / passes);
  return Array.from({ length: passes }, (_, pass) => shards.slice(pass * each, (pass + 1) * each));
}

/** Memory may grow while lengths are new, but not when they come again. */
export function isWithinGoals(result: LengthsResult): boolean {
  const { bytes, functions } = growth(passesOf(result).at(-1) ?? []);
  const ratios = result.stages.map((stage) => settledRatio(stage).wall);
  return (
    ratios.every((ratio) => ratio <= RATIO_GOAL) && bytes <= ALLOWED_GROWTH_BYTES && functions <= 0
  );
}

export function lengthsTable(result: LengthsResult): string {
  const { model, clips, views, chunkSeconds, stages, padding, lengths, passes } = result;
  const list = (values: readonly number[]): string => values.join(' ');
  const per = passes === 1 ? '' : `, ${passes} times`;
  return [
    `${model}: seconds for ${clips} clips, logits of ${views} views each, chunks of ` +
      `${chunkSeconds} s`,
    ...stages.flatMap(stageRows),
    `  goal for the times: ${RATIO_GOAL}`,
    `  training: ${padded('one length', padding.equal)}; ${padded('varied', padding.varied)}`,
    '',
    `${lengths} lengths in ${result.shards.length / passes} shards${per}, after each shard:`,
    ...passesOf(result).flatMap((shards) => {
      const grown = growth(shards);
      return [
        `  functions  ${list(shards.map(({ functions }) => functions))}`,
        `  MB         ${list(shards.map(({ residentBytes }) => megabytes(residentBytes)))}`,
        `  grown by ${grown.functions} functions and ${megabytes(grown.bytes)} MB`,
      ];
    }),
  ].join('\n');
}

function stageRows(stage: Sides & { readonly stage: Stage }): string[] {
  const ratio = settledRatio(stage);
  const missed = ratio.wall <= RATIO_GOAL ? '' : ', missed';
  return [
    cells(stage.stage, 'first', 'its CPU', 'later', 'its CPU', 'functions'),
    side('one length', stage.equal),
    side('as many lengths as clips', stage.varied),
    `${cells('ratio, median of rounds', '', '', ratio.wall.toFixed(2), ratio.cpu.toFixed(2))}` +
      missed,
  ];
}

function padded(name: string, { rows, silence }: Padding): string {
  return `${name} ${rows} chunks, ${Math.round(100 * silence)} % of them silence`;
}

function side(name: string, samples: readonly StageSample[]): string {
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2);
  const later = samples.slice(1);
  return cells(
    `  ${name}`,
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
