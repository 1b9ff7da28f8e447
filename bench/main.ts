/**
 * `npm run bench`: our engine against PyTorch. Both processes of a pair run at the same time and
 * take turns, run by run, on the same cores, so that other work on the machine disturbs both.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../cli/failure';
import { engineEnvironment } from '../ced/engine/environment';
import type { ModelPreset } from '../ced/model/config';
import { commandLine } from '../infra/command-line/command-line';
import { count, someOf, text } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';
import { repositoryRoot } from '../infra/toolchain';
import { checkpointBench } from './checkpoint';
import { goalsBench } from './goals';
import { groupBench } from './group';
import { growthBench } from './growth';
import { ingestBench } from './ingest';
import { lengthsBench } from './lengths';
import { logitsBench } from './logits';
import { lossBench } from './loss';
import { MeasuredProcess, type Sample } from './measured-process';
import { measures, type Measure } from './measures';
import { MODELS } from './models';
import { installedPyTorch } from './pytorch';
import { scaleBench } from './scale';
import { storageBench } from './storage';
import { overheadBench } from './overhead';
import { trafficBench } from './traffic';
import { resumeBench } from './resume';
import { row, tableHead, type Side } from './table';
import { tagsBench } from './tags';

const groups = ['engine', 'forward', 'frontend', 'loop'] as const;

/** Benchmarks with options of their own. */
const alone = new Map([
  ['goals', goalsBench],
  ['group', groupBench],
  ['growth', growthBench],
  ['storage', storageBench],
  ['ingest', ingestBench],
  ['logits', logitsBench],
  ['lengths', lengthsBench],
  ['loss', lossBench],
  ['scale', scaleBench],
  ['checkpoint', checkpointBench],
  ['overhead', overheadBench],
  ['resume', resumeBench],
  ['tags', tagsBench],
  ['traffic', trafficBench],
]);

const line = commandLine({
  program: 'npm run bench',
  usage: `[${groups.join('|')}] … [options]`,
  about: [
    'Measures our engine against PyTorch, interleaved in one session on the same cores, and ' +
      `prints a table of the named groups (all without a name). ${[...alone.keys()].join(', ')} ` +
      'run alone and have options of their own: npm run bench -- storage --help.',
  ],
  operands: {
    rows: {
      engine: 'a training step',
      forward: "a teacher's prediction",
      frontend: 'int16 to log-mel',
      loop: 'a training step from audio on disk, against our own bare step',
      goals: 'every ratio that docs/engine.md states a goal for',
      growth: 'time and memory of each part by clips, classes, views and length',
      storage: 'cost of storing and reading logits',
      logits: 'teachers end to end: audio shards in, logit shards out',
      lengths: 'each stage of a run with clips of many lengths, against clips of one length',
      loss: 'the loss on dense targets and on the stored pairs',
      ingest: 'decoding, resampling and sharding, against soundfile and soxr',
      scale:
        "histories, payloads, memory and rate of the orchestration at AudioSet's size and a " +
        'hundred times that',
      checkpoint: 'what checkpoints add to a training',
      overhead: 'what Temporal, heartbeats and process hops add to a run',
      resume: 'how soon a killed training is at full speed again',
      tags: 'delay of live tags, and memory of tags over time',
      traffic: 'kernels and bytes of a step on a GPU, counted without one',
    },
    expected: groups.join(', '),
    least: 0,
    most: Infinity,
  },
  options: {
    models: {
      value: 'M,…',
      is: someOf(...MODELS),
      default: ['tiny', 'mini'] satisfies ModelPreset[],
      help: `sizes: ${MODELS.join(', ')}`,
    },
    batch: {
      value: 'N',
      is: count,
      default: 32,
      help: 'clips of 10 s; on a CPU forward takes at most 8',
    },
    rounds: { value: 'N', is: count, default: 10, help: 'measured runs of each side' },
    only: { value: 'TEXT', is: text, default: '', help: 'only rows whose name contains this' },
    gpu: {
      help: 'both sides on the GPU, after npm run setup -- --gpu; npm run gpu-check does all of it',
    },
    'no-check': { help: 'do not compare the PyTorch model with the reference vectors first' },
    json: { help: 'print one line of JSON for each row' },
  },
  examples: [
    'npm run bench -- engine --models tiny --rounds 3',
    'npm run bench -- forward frontend --models base --batch 8',
  ],
});

runProgram(async (argv) => {
  const single = alone.get(argv[0] ?? '');
  return single ? await single(argv.slice(1)) : await line.run(argv, compareWithPyTorch);
});

async function compareWithPyTorch({
  values,
  operands,
}: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const unknown = operands.find((group) => !(groups as readonly string[]).includes(group));
  if (unknown !== undefined)
    throw line.misused(`one of ${groups.join(', ')} instead of ${unknown}`);
  const chosen = measures(values.models, values.batch, values.gpu ? 'gpu' : 'cpu')
    .filter(({ group }) => operands.length === 0 || operands.includes(group))
    .filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0)
    throw new UsageError(`--only ${values.only}: no row has this in its name`);
  const python = chosen.some(({ against }) => against === 'pytorch')
    ? await checkedPyTorch(values['no-check'], values.gpu)
    : '';
  if (!values.json) {
    const processor = cpus()[0]?.model ?? 'an unknown processor';
    process.stdout.write(`${availableParallelism()} cores of ${processor}\n\n${tableHead()}\n`);
  }
  for (const measure of chosen) {
    const { name, goal } = measure;
    const { ours, theirs } = await compare(measure, python, values.rounds);
    const result = values.json
      ? JSON.stringify({ name, goal, ours, theirs })
      : row(measure, ours, theirs);
    process.stdout.write(`${result}\n`);
  }
  return 0;
}

/** Installs PyTorch on first use and compares its CED with the engine's reference vectors. */
async function checkedPyTorch(unchecked: boolean, gpu: boolean): Promise<string> {
  const python = await installedPyTorch(gpu);
  if (unchecked) return python;
  const check = spawnSync(
    python,
    [torchFile('check.py'), join(repositoryRoot, 'test', 'reference')],
    { encoding: 'utf8' },
  );
  if (check.status !== 0)
    throw new Error(
      'the PyTorch model deviates from the reference: ' +
        `${check.stdout}${check.stderr.slice(-500)}`,
    );
  return python;
}

const torchFile = (name: string): string => join(repositoryRoot, 'bench', 'torch', name);

async function compare(
  { job, against }: Measure,
  python: string,
  rounds: number,
): Promise<{ ours: Side; theirs: Side }> {
  const threads = String(availableParallelism());
  const env = {
    ...process.env,
    ...engineEnvironment(),
    OMP_NUM_THREADS: threads,
  };
  const worker = join(__dirname, 'worker.js');
  const started: MeasuredProcess[] = [];
  const start = async (program: string, args: string[]): Promise<MeasuredProcess> => {
    const measured = await MeasuredProcess.start(program, args, env);
    started.push(measured);
    return measured;
  };
  try {
    const engine = await start(process.execPath, [worker, JSON.stringify(job)]);
    const other =
      against === 'pytorch'
        ? await start(python, [torchFile('worker.py'), JSON.stringify(job)])
        : await start(process.execPath, [worker, JSON.stringify({ ...job, measure: 'train' })]);
    const [ours, theirs]: [Sample[], Sample[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await engine.run());
      theirs.push(await other.run());
    }
    return {
      ours: { samples: ours, peakBytes: engine.peakBytes() },
      theirs: { samples: theirs, peakBytes: other.peakBytes() },
    };
  } finally {
    for (const measured of started) measured.stop();
  }
}
