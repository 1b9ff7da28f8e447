/**
 * `npm run bench`: our engine beside PyTorch. Both sides of a pair are up at once and take turns,
 * run by run, on the same cores, so that whatever else the machine does meets both.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFailure, UsageError } from '../cli/failure';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';
import { repositoryRoot } from '../infra/toolchain';
import { checkpointBench } from './checkpoint';
import { ingestBench } from './ingest';
import { logitsBench } from './logits';
import { lossBench } from './loss';
import { MeasuredProcess, type Sample } from './measured-process';
import { measures, type Measure } from './measures';
import { scaleBench } from './scale';
import { storageBench } from './storage';
import { overheadBench } from './overhead';
import { resumeBench } from './resume';
import { row, tableHead, type Side } from './table';

const groups = ['engine', 'forward', 'frontend', 'loop'] as const;

const help = `npm run bench -- [${groups.join('|')}] … [options]

Measures our engine against PyTorch, interleaved in one session on the same cores, and prints a table. All groups by default.

  engine     a whole training step
  forward    a teacher's prediction
  frontend   int16 to log-mel
  loop       a training step from audio on disk, against our own bare step
  storage    what logits cost to keep and to read; alone and with options of its own: npm run bench -- storage --help
  logits     teachers end to end, audio shards in, logit shards out; likewise: npm run bench -- logits --help
  loss       the loss on dense targets beside one on the stored pairs; likewise
  ingest     decoding, resampling and sharding beside soundfile and soxr; likewise: npm run bench -- ingest --help
  scale      histories, payloads, memory and rate of the orchestration at AudioSet's size and a hundred times that; likewise
  checkpoint what checkpoints add to a training; likewise
  overhead   what Temporal, heartbeats and process hops add to a run; likewise
  resume     how soon a killed training is at full speed again; likewise

  --models M,…   sizes: ${Object.keys(MODEL_PRESETS).join(', ')} (default tiny,mini)
  --batch N      clips of 10 s (default 32; forward at most 8)
  --rounds N     measured runs of each side (default 10)
  --only TEXT    rows whose name has this
  --gpu          both sides on the GPU, after npm run setup -- --gpu; npm run gpu-check does all of it
  --no-check     skip holding the PyTorch statement to the reference vectors
  --json         one line of JSON a row
  --help         this text`;

const benchesWithOptionsOfTheirOwn = new Map([
  ['storage', storageBench],
  ['ingest', ingestBench],
  ['logits', logitsBench],
  ['loss', lossBench],
  ['scale', scaleBench],
  ['checkpoint', checkpointBench],
  ['overhead', overheadBench],
  ['resume', resumeBench],
]);

const options = {
  models: { type: 'string', default: 'tiny,mini' },
  batch: { type: 'string', default: '32' },
  rounds: { type: 'string', default: '10' },
  only: { type: 'string', default: '' },
  'no-check': { type: 'boolean' },
  gpu: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function bench(argv: string[]): Promise<void> {
  const alone = benchesWithOptionsOfTheirOwn.get(argv[0] ?? '');
  if (alone) {
    process.exitCode = await alone(argv.slice(1));
    return;
  }
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  if (values.help) return void process.stdout.write(`${help}\n`);
  const unknown = positionals.find((group) => !(groups as readonly string[]).includes(group));
  if (unknown !== undefined)
    throw new UsageError(`${unknown}: expected ${groups.join(', ')}; see npm run bench -- --help`);
  const models = values.models.split(',').map((model) => {
    if (!(model in MODEL_PRESETS))
      throw new UsageError(`--models ${model}: expected ${Object.keys(MODEL_PRESETS).join(', ')}`);
    return model as ModelPreset;
  });
  const [batch, rounds] = [above0('batch', values.batch), above0('rounds', values.rounds)];
  const chosen = measures(models, batch, values.gpu ? 'gpu' : 'cpu')
    .filter(({ group }) => positionals.length === 0 || positionals.includes(group))
    .filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0)
    throw new UsageError(`--only ${values.only}: no row has this in its name`);
  const python = chosen.some(({ against }) => against === 'pytorch')
    ? await pyTorch(values['no-check'] === true, values.gpu === true)
    : '';

  if (!values.json)
    process.stdout.write(
      `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}\n\n${tableHead()}\n`,
    );
  for (const measure of chosen) {
    const { ours, theirs } = await compare(measure, python, rounds);
    process.stdout.write(
      `${values.json ? JSON.stringify({ name: measure.name, goal: measure.goal, ours, theirs }) : row(measure, ours, theirs)}\n`,
    );
  }
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${option} ${text}: expected a whole number above 0`);
  return value;
}

/**
 * Prepared on the first use; its statement of CED is held to the vectors that the engine is held
 * to.
 */
async function pyTorch(unchecked: boolean, gpu: boolean): Promise<string> {
  const { installPyTorch } = (await import(
    join(repositoryRoot, 'infra', 'setup', 'pytorch.mjs')
  )) as {
    installPyTorch: (report: (line: string) => void, gpu: boolean) => Promise<string>;
  };
  const python = await installPyTorch((line) => process.stderr.write(`bench: ${line}\n`), gpu);
  if (unchecked) return python;
  const check = spawnSync(
    python,
    [torchFile('check.py'), join(repositoryRoot, 'test', 'reference')],
    { encoding: 'utf8' },
  );
  if (check.status !== 0)
    throw new Error(
      `the PyTorch statement deviates from the reference: ${check.stdout}${check.stderr.slice(-500)}`,
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
    const mine = await start(process.execPath, [worker, JSON.stringify(job)]);
    const other =
      against === 'pytorch'
        ? await start(python, [torchFile('worker.py'), JSON.stringify(job)])
        : await start(process.execPath, [worker, JSON.stringify({ ...job, measure: 'train' })]);
    const [ours, theirs]: [Sample[], Sample[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await mine.run());
      theirs.push(await other.run());
    }
    return {
      ours: { samples: ours, peakBytes: mine.peakBytes() },
      theirs: { samples: theirs, peakBytes: other.peakBytes() },
    };
  } finally {
    for (const measured of started) measured.stop();
  }
}

bench(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${describeFailure(error)}\n`);
  process.exitCode = 1;
});
