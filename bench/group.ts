/**
 * `npm run bench -- group`: one training by several processes of one thread each, beside the same
 * training by one process of one thread, in turns; and what the exchange of gradients costs a step.
 * The weights and moments of all must be the same bytes.
 */
import { groupStepCost } from '../ced/training/group-cost';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf, someOf } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';
import type { ModelPreset } from '../ced/model/config';
import { exchangedBy, measureExchanges, type ExchangeRow } from './group/exchange-table';
import type { BenchAnswer, GroupBenchOptions } from './group/member-process';
import { Side } from './group/side';
import { MODELS } from './models';
import { median } from './table';

const GOAL = 1.8;

const TABLES = ['steps', 'exchange'] as const;

const line = commandLine({
  program: 'npm run bench',
  usage: 'group [options]',
  about: [
    'Measures the steps of a group of processes beside those of one process, one thread each, ' +
      'over loopback; then the exchange of gradients alone, by groups of 2 and 4 for batches of ' +
      '4, 7 and 8 parts, beside what ced plan --workers predicts. Exit status 1 if bytes of ' +
      'weights or moments differ.',
  ],
  options: {
    only: { value: 'T', is: oneOf(...TABLES), help: `one table: ${TABLES.join(', ')}` },
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: MODELS.join(', ') },
    batch: { value: 'N', is: count, default: 32, help: 'clips of 10 s in a step' },
    parts: { value: 'N', is: count, default: 4, help: 'parts of a batch' },
    processes: { value: 'N', is: count, default: 2, help: 'members of the group that takes steps' },
    rounds: { value: 'N', is: count, default: 5, help: 'measurements of each after the first' },
    exchange: {
      value: 'M,…',
      is: someOf(...MODELS),
      default: ['tiny', 'mini', 'base'] satisfies ModelPreset[],
      help: 'sizes whose gradients are exchanged; four processes of base take 12 GB',
    },
    gpu: { help: 'each process on a GPU of its own, steps only; see npm run gpu-check -- --peers' },
  },
  examples: [
    'npm run bench -- group --only steps --model mini --processes 4 --parts 8',
    'npm run bench -- group --only exchange --exchange tiny',
  ],
});

/** @returns exit status */
export async function groupBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const { processes, rounds, only, gpu, exchange, model, batch, parts } = values;
    if (processes < 2 || parts < processes)
      throw new UsageError('a group has two processes or more, and at least as many parts');
    const status =
      only === 'exchange' ? 0 : await stepsTable({ model, batch, parts }, processes, rounds, gpu);
    if (only === 'steps' || gpu) return status;
    const plan = { models: exchange, workers: [2, 4], parts: [4, 7, 8], rounds };
    console.log(`\n${EXCHANGE_HEAD}`);
    await measureExchanges(plan, (row) => console.log(exchangeLine(row)));
    return status;
  });
}

interface Measured {
  readonly oneMs: number;
  readonly groupMs: number;
  readonly exchangeMs: number;
  readonly answers: readonly BenchAnswer[];
}

/** @returns exit status */
async function stepsTable(
  options: GroupBenchOptions,
  processes: number,
  rounds: number,
  gpu: boolean,
): Promise<number> {
  const one = await Side.start(1, options, gpu);
  const group = await Side.start(processes, options, gpu);
  try {
    return report(await measure(one, group, options, rounds), processes, options, gpu);
  } finally {
    await one.end();
    await group.end();
  }
}

async function measure(
  one: Side,
  group: Side,
  { model, parts }: GroupBenchOptions,
  rounds: number,
): Promise<Measured> {
  const times = { one: [] as number[], group: [] as number[], exchange: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const alone = await one.stepMs();
    const together = await group.stepMs();
    const exchange = await group.exchangeMs({ parts, ...exchangedBy(model) });
    process.stderr.write(`group: round ${round} of ${rounds}\n`);
    // The first step traces and compiles.
    if (round === 0) continue;
    times.one.push(alone);
    times.group.push(together);
    times.exchange.push(exchange);
  }
  return {
    oneMs: median(times.one),
    groupMs: median(times.group),
    exchangeMs: median(times.exchange),
    answers: [...(await one.tell({ do: 'hash' })), ...(await group.tell({ do: 'hash' }))],
  };
}

/** @returns exit status */
function report(
  { oneMs, groupMs, exchangeMs, answers }: Measured,
  processes: number,
  options: GroupBenchOptions,
  gpu: boolean,
): number {
  const { model, batch, parts } = options;
  const ratio = oneMs / groupMs;
  const predictedMs = predictedStepMs(oneMs, exchangeMs, processes, options);
  const devices = new Set(answers.map(({ device }) => device));
  const hashes = new Set(answers.map(({ sha256 }) => sha256));
  console.log(
    `${model}, batch ${batch} in ${parts} parts, float32, one thread a process, on the ` +
      `${[...devices].join(' and ')}\n`,
  );
  console.log('| | one process | group | ratio |\n| --- | ---: | ---: | ---: |');
  const cells = (name: string, ...values: string[]): void =>
    console.log(`| ${[name, ...values].join(' | ')} |`);
  cells('processes', '1', String(processes), '');
  cells('ms a step, median', oneMs.toFixed(0), groupMs.toFixed(0), ratio.toFixed(2));
  cells('steps a second', (1000 / oneMs).toFixed(2), (1000 / groupMs).toFixed(2), ratio.toFixed(2));
  cells('of it exchange, alone', '0', exchangeMs.toFixed(0), '');
  cells('expected from both', '', predictedMs.toFixed(0), (oneMs / predictedMs).toFixed(2));
  const goal = processes === 2 ? ` (goal ${GOAL}${ratio >= GOAL ? '' : ', missed'})` : '';
  console.log(`\n${ratio.toFixed(2)} times the steps${goal}`);
  console.log(
    hashes.size === 1
      ? `weights and moments of all: SHA-256 ${[...hashes].join()}`
      : 'weights and moments differ',
  );
  if (gpu && devices.has('cpu')) console.log('a process found no GPU');
  return hashes.size === 1 && !(gpu && devices.has('cpu')) ? 0 : 1;
}

/** By the model of costs, with the exchange as measured; Adam is part of what one process does. */
function predictedStepMs(
  oneMs: number,
  exchangeMs: number,
  workers: number,
  { model, batch, parts }: GroupBenchOptions,
): number {
  const { computeSeconds } = groupStepCost({
    ...{ batch, parts, workers, ...exchangedBy(model) },
    computeSeconds: oneMs / 1000,
    memoryBytesPerSecond: Infinity,
    link: { bytesPerSecond: Infinity, latencySeconds: 0 },
  });
  return 1000 * computeSeconds + exchangeMs;
}

const EXCHANGE_HEAD =
  '| exchange | processes | parts | MB sent by each | predicted | ms, median | predicted |\n' +
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: |';

function exchangeLine({ model, workers, parts, bytes, ms }: ExchangeRow): string {
  const megabytes = (count: number | null): string =>
    count === null ? 'no ss here' : (count / 1e6).toFixed(1);
  const cells = [
    ...[model, workers, parts, megabytes(bytes.measured), megabytes(bytes.predicted)],
    ...[ms.measured.toFixed(0), ms.predicted.toFixed(0)],
  ];
  return `| ${cells.join(' | ')} |`;
}
