/**
 * Estimates what a run takes on several workers: logits are spread over all of them, and each
 * model is trained by all of them at once, one model after another. The cost of a step is that of
 * `ced/training/group-cost.ts`.
 */
import { RUNNING_STATISTICS } from '../../ced/model/init-bn';
import { MODEL_PRESETS } from '../../ced/model/config';
import {
  groupStepCost,
  LINKS,
  partCount,
  type GroupStepCost,
  type Limit,
} from '../../ced/training/group-cost';
import { counted } from '../../ced/counted';
import { UsageError } from '../../infra/command-line/usage-error';
import type { Halving } from '../../workflows/contract/halving';
import type { TeacherTraining } from '../../workflows/contract/run-file-sections';
import { alignedTable } from '../aligned-table';
import { bytes, duration, grouped, rate } from '../quantities';
import type { GroupOptions } from './group-options';
import { trainingOperations, type TrainingEstimate } from './run-estimate';
import type { GroupEstimate } from './run-output';

type TrainingInGroup = GroupEstimate['trainings'][number];

/** @throws {UsageError} if a batch of some has fewer parts than there are workers */
export function requireParts(
  section: 'students' | 'teachers',
  settings: readonly TeacherTraining[],
  workers: number,
): void {
  const short = settings.flatMap((each, index) => {
    const { name, batchSize } = each;
    const count = partsOf(each);
    if (count >= workers) return [];
    const field = `${section}[${index}]`;
    const batch =
      Math.ceil(batchSize / 2) < workers ? ` and ${field}.batchSize to ${2 * workers}` : '';
    const remedy = `set ${field}.parts to ${workers}${batch} or more`;
    return [`${name} has ${counted(count, 'part', 'parts')} in a batch (${remedy})`];
  });
  if (short.length > 0)
    throw new UsageError(
      `--workers ${workers}: each worker computes at least one part of a batch: ` +
        short.join('; '),
    );
}

/** @returns a sentence for each training whose run file asks for fewer workers */
export function groupNotes(
  section: 'students' | 'teachers',
  settings: readonly TeacherTraining[],
  workers: number,
): string[] {
  return settings.flatMap(({ workers: asked }, index) => {
    const most = asked?.max ?? 1;
    if (most >= workers) return [];
    return [
      `${section}[${index}].workers: max is ${most}, so a run trains it on no more; set it to ` +
        `${workers} for the times on ${workers} workers`,
    ];
  });
}

function partsOf({ batchSize, parts, gradientAccumulation = 1 }: TeacherTraining): number {
  return partCount({ batch: batchSize, parts: parts ?? gradientAccumulation });
}

/**
 * @param trainings of these settings, in their order
 * @param hours on one worker, at what it sustains
 */
export function estimateGroup(
  settings: readonly TeacherTraining[],
  trainings: readonly TrainingEstimate[],
  hours: { teraflops: number; logits: number | null },
  { workers, link, memoryGigabytes, price }: GroupOptions,
  halving?: Halving,
): GroupEstimate {
  const inGroup = settings.map((each, index) => {
    const { trainedParameters, operations, steps, name } = trainings[index] as TrainingEstimate;
    const parts = partsOf(each);
    const cost = groupStepCost({
      batch: each.batchSize,
      parts,
      workers,
      length: trainedParameters,
      columns: RUNNING_STATISTICS.length * MODEL_PRESETS.tiny.n_mels + 1,
      computeSeconds: operations / Math.max(1, steps) / (hours.teraflops * 1e12),
      memoryBytesPerSecond: memoryGigabytes * 1e9,
      link: LINKS[link],
    });
    return { name, parts, ...ofTraining(cost, workers, steps) };
  });
  const training = trainingOperations(
    inGroup.map((one, index) => ({
      epochs: settings[index]?.epochs ?? 1,
      operations: one.hours,
    })),
    halving,
  );
  const logits = hours.logits === null ? null : hours.logits / workers;
  const moneyOf = (wallHours: number): number => wallHours * workers * (price ?? 0);
  return {
    ...{ workers, link, memoryGigabytes, trainings: inGroup },
    hours: { logits, training },
    money:
      price === null
        ? null
        : {
            logits: logits === null ? null : moneyOf(logits),
            training: moneyOf(training),
          },
  };
}

function ofTraining(
  cost: GroupStepCost,
  workers: number,
  steps: number,
): Omit<TrainingInGroup, 'name' | 'parts'> {
  return {
    hours: (cost.seconds * steps) / 3600,
    seconds: {
      computing: cost.computeSeconds,
      exchange: cost.exchangeSeconds,
      adam: cost.adamSeconds,
    },
    efficiency: cost.efficiency,
    limit: cost.limit,
    sentBytes: { step: cost.sentBytes, training: cost.sentBytes * workers * steps },
  };
}

const LIMITS: Record<Limit, string> = { parts: 'the parts', link: 'the link', adam: 'Adam' };

export function describeGroup(estimate: GroupEstimate): string[] {
  const { workers, link, memoryGigabytes, trainings, hours, money } = estimate;
  const ms = (seconds: number): string => `${rate(1000 * seconds)} ms`;
  const rows = [
    ['', 'time', 'efficiency', 'limit', 'computing', 'exchange', 'Adam', 'sent a step', 'in all'],
    ...trainings.map(({ name, seconds, efficiency, limit, sentBytes, ...one }) => [
      name,
      duration(3600 * one.hours),
      efficiency.toFixed(2),
      limit === null ? '–' : LIMITS[limit],
      ms(seconds.computing),
      ms(seconds.exchange),
      ms(seconds.adam),
      bytes(sentBytes.step),
      bytes(sentBytes.training),
    ]),
  ];
  const logits = hours.logits === null ? 'time unknown' : duration(3600 * hours.logits);
  return [
    `On ${counted(workers, 'worker', 'workers')}, ${link} between them (--link), ` +
      `${memoryGigabytes} GB/s of memory in each (--memory):`,
    ...alignedTable(rows, (column) => column > 0 && column !== 3).map((line) => `  ${line}`),
    `  logits      ${logits}`,
    `  training    ${duration(3600 * hours.training)}`,
    ...(money === null ? [] : [`  money       ${moneyText(money)} (--price)`]),
  ];
}

function moneyText({ logits, training }: NonNullable<GroupEstimate['money']>): string {
  return logits === null
    ? `${grouped(training)} for training`
    : `${grouped(logits + training)}, of it ${grouped(training)} for training`;
}
