/**
 * `npm run bench -- growth`: how the costs of each part grow with clips, classes, views and length.
 * Each size is prepared and measured in a process of its own. CPU time counts, which other work on
 * the machine disturbs least.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineEnvironment } from '../ced/engine/environment';
import { commandLine } from '../infra/command-line/command-line';
import { count, text } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';
import { fittedExponent, isWorseThanLinear } from './growth/fit';
import type { Subject } from './growth/subject';
import { subjects } from './growth/subjects';
import type { GrowthSample, GrowthWork } from './growth/worker';
import { MeasuredProcess, type Sample } from './measured-process';

const line = commandLine({
  program: 'npm run bench',
  usage: 'growth [options]',
  about: [
    'Prints the CPU time of each part of a run at three sizes, mostly 1, 10 and 100 times, what ' +
      'one clip, class, view, second or shard takes, the memory, and the exponents of both. A ' +
      'part that grows faster than linearly between its two largest sizes is marked; the exit ' +
      'status is 1 then. Some ten minutes on two cores.',
  ],
  options: {
    only: { value: 'TEXT', is: text, default: '', help: 'only rows whose name contains this' },
    rounds: {
      value: 'N',
      is: count,
      default: 3,
      help: 'times that each is done; the least counts',
    },
    sizes: { value: 'N', is: count, default: 3, help: 'how many of the sizes, smallest first' },
    scale: { value: 'N', is: count, default: 1, help: 'times as many clips and shards' },
  },
  examples: [
    'npm run bench -- growth --only ingest',
    'npm run bench -- growth --only classes --sizes 2',
  ],
});

/** @returns exit status */
export async function growthBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { only, rounds, sizes, scale } }) => {
    const chosen = [...subjects.entries()].filter(([, each]) => nameOf(each).includes(only));
    if (chosen.length === 0) throw new UsageError(`--only ${only}: no row has this in its name`);
    console.log('| part | sizes | CPU ms | CPU ms each | MB | time ~ | memory ~ | |');
    console.log('| --- | --- | --- | --- | --- | ---: | ---: | --- |');
    let worse = 0;
    for (const [index, subject] of chosen) {
      const samples: GrowthSample[] = [];
      const used = subject.sizes.slice(0, sizes).map((size) => size * scaleOf(subject, scale));
      for (const size of used) samples.push(await least(index, size, rounds));
      const row = growthRow(nameOf(subject), used, samples);
      if (row.isWorse) worse++;
      console.log(row.text);
    }
    return worse === 0 ? 0 : 1;
  });
}

/** Views, classes and seconds have the sizes that they have. */
const scaleOf = ({ per }: Subject, scale: number): number =>
  per === 'clips' || per === 'shards' ? scale : 1;

const nameOf = ({ name, per }: Subject): string => `${name} by ${per}`;

/** Of each measure by itself: what disturbs one run adds to it. */
async function least(index: number, size: number, rounds: number): Promise<GrowthSample> {
  const samples: GrowthSample[] = [];
  const { isDoneOnce = false } = subjects[index]!;
  while (samples.length < rounds)
    samples.push(...(await measured(index, size, isDoneOnce ? 1 : rounds)));
  const lowest = (of: keyof GrowthSample): number => Math.min(...samples.map((each) => each[of]));
  return { cpuMs: lowest('cpuMs'), peakBytes: lowest('peakBytes') };
}

/** @param times in one process */
async function measured(index: number, size: number, times: number): Promise<GrowthSample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-growth-'));
  const work: GrowthWork = { index, size, folder };
  const args = [join(__dirname, 'growth', 'worker.js'), JSON.stringify(work)];
  const env = { ...process.env, ...engineEnvironment() };
  try {
    const started = await MeasuredProcess.start(process.execPath, args, env);
    try {
      const samples: GrowthSample[] = [];
      for (let at = 0; at < times; at++) samples.push(await started.run<GrowthSample & Sample>());
      return samples;
    } finally {
      started.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param samples of each size */
export function growthRow(
  name: string,
  sizes: readonly number[],
  samples: readonly GrowthSample[],
): { text: string; isWorse: boolean } {
  const times = samples.map(({ cpuMs }, at) => ({ size: sizes[at]!, cost: cpuMs }));
  const memory = samples.map(({ peakBytes }, at) => ({ size: sizes[at]!, cost: peakBytes / 1e6 }));
  const isWorse = isWorseThanLinear(times);
  const list = (values: readonly number[], digits: number): string =>
    values.map((value) => value.toFixed(digits)).join(', ');
  const cells = [
    name,
    sizes.join(', '),
    list(
      times.map(({ cost }) => cost),
      0,
    ),
    list(
      times.map(({ size, cost }) => cost / size),
      3,
    ),
    list(
      memory.map(({ cost }) => cost),
      0,
    ),
    `n^${fittedExponent(times).toFixed(2)}`,
    `n^${fittedExponent(memory.map(({ size, cost }) => ({ size, cost: cost + 1 }))).toFixed(2)}`,
    isWorse ? 'worse than linear' : '',
  ];
  return { text: `| ${cells.join(' | ')} |`, isWorse };
}
