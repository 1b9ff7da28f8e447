/**
 * What a step costs a group of workers, by arithmetic: the computing of the worker with the most
 * clips, then the exchange of gradients over a link, then Adam, which every worker runs over all
 * parameters. Nothing overlaps: gradients are sent when all of a worker's parts are computed.
 */
import { exchangeLayout, sentBytes } from './exchange-layout';
import { ownedParts } from './gradient-tree';
import { mirroredRanges } from './micro-batches';

export interface Link {
  /** Each way, at once. */
  readonly bytesPerSecond: number;
  /** From a request for a message to its first byte. */
  readonly latencySeconds: number;
}

/**
 * Rates as the links are sold; protocols take some of it. NVLink: the fourth generation
 * (https://www.nvidia.com/en-us/data-center/nvlink), half of its 900 GB/s each way. Latencies are
 * assumed: of gRPC in one data centre, and of NCCL.
 */
export const LINKS = {
  '10Gb/s': ethernet(10),
  '25Gb/s': ethernet(25),
  '100Gb/s': ethernet(100),
  '400Gb/s': ethernet(400),
  nvlink: { bytesPerSecond: 450e9, latencySeconds: 10e-6 },
} as const satisfies Record<string, Link>;

export type LinkName = keyof typeof LINKS;
export const LINK_NAMES = Object.keys(LINKS) as LinkName[];

function ethernet(gigabits: number): Link {
  return { bytesPerSecond: (gigabits * 1e9) / 8, latencySeconds: 100e-6 };
}

/** A step of a whole batch. */
export interface GroupStep {
  /** Clips. */
  readonly batch: number;
  readonly parts: number;
  readonly workers: number;
  /** Elements of the gradient: the trained parameters. */
  readonly length: number;
  /** Of a part's row: loss and shares of the running statistics. */
  readonly columns: number;
  /** On one worker, Adam apart. */
  readonly computeSeconds: number;
  /** What the memory of a worker moves. */
  readonly memoryBytesPerSecond: number;
  readonly link: Link;
}

/** What costs the most of the time that `workers` times the speed would save. */
export type Limit = 'parts' | 'link' | 'adam';

export interface GroupStepCost {
  readonly computeSeconds: number;
  readonly exchangeSeconds: number;
  readonly adamSeconds: number;
  /** Sum of the three. */
  readonly seconds: number;
  /** By each worker. */
  readonly sentBytes: number;
  /** Of `workers` times the speed of one, in [0, 1]. */
  readonly efficiency: number;
  /** null for one worker, and where the efficiency is 0.95 or more. */
  readonly limit: Limit | null;
}

const EFFICIENT = 0.95;

/** Adam reads gradient, weight and two moments, and writes the latter three: 4 bytes each. */
const ADAM_BYTES = 28;

export function groupStepCost(step: GroupStep): GroupStepCost {
  const { workers, length, link } = step;
  const share = largestShare(step);
  const computeSeconds = step.computeSeconds * share;
  const adamSeconds = (ADAM_BYTES * length) / step.memoryBytesPerSecond;
  const sent = sentBytes(exchangeLayout(partCount(step), workers, length), step.columns);
  const exchangeSeconds = workers === 1 ? 0 : exchangeTime(sent, workers, link);
  const seconds = computeSeconds + exchangeSeconds + adamSeconds;
  const efficiency = (step.computeSeconds + adamSeconds) / (workers * seconds);
  const lost: Record<Limit, number> = {
    parts: step.computeSeconds * (share - 1 / workers),
    link: exchangeSeconds,
    adam: adamSeconds * (1 - 1 / workers),
  };
  const [most] = (Object.keys(lost) as Limit[]).sort((a, b) => lost[b] - lost[a]);
  return {
    computeSeconds,
    exchangeSeconds,
    adamSeconds,
    seconds,
    sentBytes: sent,
    efficiency,
    limit: efficiency < EFFICIENT ? (most as Limit) : null,
  };
}

/**
 * Messages wait for each other `workers` times: once in the all-to-all, which sends its own at
 * once, and W − 1 times in the gather, which hands them around a ring.
 */
export function exchangeTime(sent: number, workers: number, link: Link): number {
  return sent / link.bytesPerSecond + workers * link.latencySeconds;
}

/** Parts that a batch has: none of fewer than two clips, but for the middle of an odd batch. */
export function partCount({ batch, parts }: Pick<GroupStep, 'batch' | 'parts'>): number {
  return mirroredRanges(batch, parts).length;
}

/** Of the batch's clips, those of the worker that has the most. */
function largestShare({ batch, parts, workers }: GroupStep): number {
  const clips = mirroredRanges(batch, parts).map((ranges) =>
    ranges.reduce((sum, { from, to }) => sum + to - from, 0),
  );
  const owned = Array.from({ length: workers }, (_, rank) => {
    const { from, to } = ownedParts(clips.length, workers, rank);
    return clips.slice(from, to).reduce((sum, count) => sum + count, 0);
  });
  return Math.max(...owned) / batch;
}
