/**
 * `npm run bench -- goals`: every ratio that docs/engine.md states a goal for, in one run. The two
 * processes of a row take turns, run by run, on the same cores. A command's CPU time is its own and
 * that of the processes it started.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../ced/audio/wav-file';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, modelConfigSchema } from '../ced/model/config';
import { commandLine } from '../infra/command-line/command-line';
import { count, text } from '../infra/command-line/option';
import { repositoryRoot } from '../infra/toolchain';
import { demoMinutes } from './demo-minutes';
import { floorOperations, stepOperations } from './floor';
import { logitsBench } from './logits';
import { MeasuredProcess } from './measured-process';
import type { Job } from './measures';
import { installedPyTorch } from './pytorch';
import { scoringTimes } from './scoring';
import { median } from './table';

const line = commandLine({
  program: 'npm run bench',
  usage: 'goals [options]',
  about: [
    'Prints every ratio that docs/engine.md states a goal for: steps against the floor of the ' +
      "model's matrix products, against torch.compile, forward passes, the loop, scoring, " +
      'commands, the minutes of the last npm start, and last logits end to end. About ten ' +
      'minutes on two cores.',
  ],
  options: {
    rounds: { value: 'N', is: count, default: 10, help: 'measured runs of each side' },
    only: { value: 'TEXT', is: text, default: '', help: 'only rows whose name contains this' },
  },
  examples: ['npm run bench -- goals', 'npm run bench -- goals --only floor --rounds 5'],
});

/** The student of examples/instruments/distill.json. */
const demo = modelConfigSchema.parse({ embed_dim: 92, depth: 3, num_heads: 4, outputdim: 52 });

const job = (fields: Partial<Job>): Job => ({
  measure: 'train',
  variant: 'compile',
  precision: 'float32',
  device: 'cpu',
  config: demo,
  batch: 16,
  samples: 64_000,
  ...fields,
});
const tiny = { config: MODEL_PRESETS.tiny, samples: 160_000 };
const teacher = modelConfigSchema.parse({ embed_dim: 112, depth: 4, num_heads: 4, outputdim: 52 });

interface Row {
  readonly name: string;
  readonly job: Job;
  /** `bare`: our own step without reading and augmenting. */
  readonly against: 'floor' | 'pytorch' | 'bare';
  readonly goal: number;
}

const rows: readonly Row[] = [
  { name: 'demo step / floor', job: job({}), against: 'floor', goal: 2.3 },
  { name: 'tiny step / floor', job: job({ ...tiny, batch: 8 }), against: 'floor', goal: 1.5 },
  {
    name: 'tiny bf16 step / floor',
    job: job({ ...tiny, batch: 8, precision: 'bfloat16' }),
    against: 'floor',
    goal: 2,
  },
  { name: 'demo step / torch.compile', job: job({}), against: 'pytorch', goal: 0.35 },
  {
    name: 'tiny step / torch.compile',
    job: job({ ...tiny, batch: 32 }),
    against: 'pytorch',
    goal: 0.72,
  },
  {
    name: 'teacher forward / SDPA',
    job: job({ measure: 'forward', variant: 'fused', config: teacher, batch: 64 }),
    against: 'pytorch',
    goal: 0.36,
  },
  { name: 'demo loop / bare step', job: job({ measure: 'loop' }), against: 'bare', goal: 1.02 },
  {
    name: 'tiny loop / bare step',
    job: job({ ...tiny, measure: 'loop', batch: 8 }),
    against: 'bare',
    goal: 1.02,
  },
];

/** @returns exit status */
export async function goalsBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { rounds, only } }) => {
    const chosen = rows.filter(({ name }) => name.includes(only));
    const python = chosen.some(({ against }) => against === 'pytorch')
      ? await installedPyTorch(false)
      : '';
    console.log('| measure | ours: median ms | other: ms | ratio | goal |');
    console.log('| --- | ---: | ---: | ---: | ---: |');
    for (const row of chosen) console.log(await compared(row, python, rounds));
    for (const row of await scoringRows(only, rounds)) console.log(row);
    for (const { name, seconds, goal } of commandTimes(only, rounds))
      console.log(printed(name, seconds * 1000, NaN, seconds, goal));
    if (DEMO.includes(only)) console.log(await demoRow());
    return only === '' ? await logitsBench([]) : 0;
  });
}

async function compared({ name, job: own, against, goal }: Row, python: string, rounds: number) {
  const cores = availableParallelism();
  const env = { ...process.env, ...engineEnvironment(), OMP_NUM_THREADS: String(cores) };
  const started: MeasuredProcess[] = [];
  const start = async (program: string, ...args: string[]): Promise<MeasuredProcess> => {
    const measured = await MeasuredProcess.start(program, args, env);
    started.push(measured);
    return measured;
  };
  const engine = (each: Job): Promise<MeasuredProcess> =>
    start(process.execPath, join(__dirname, 'worker.js'), JSON.stringify(each));
  try {
    const ours = await engine(own);
    const other =
      against === 'pytorch'
        ? await start(
            python,
            join(repositoryRoot, 'bench', 'torch', 'worker.py'),
            JSON.stringify(own),
          )
        : await engine({ ...own, measure: against === 'floor' ? 'floor' : 'train' });
    const [times, others]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      times.push((await ours.run()).ms);
      others.push((await other.run()).ms);
    }
    const their = against === 'floor' ? floorOf(own, Math.min(...others), cores) : median(others);
    return printed(name, median(times), their, median(times) / their, goal);
  } finally {
    for (const measured of started) measured.stop();
  }
}

const DEMO = 'npm start, min';

/** A run takes over what its store holds, so only one with a new store has all of the minutes. */
async function demoRow(): Promise<string> {
  const minutes = await demoMinutes();
  return minutes === null
    ? `| ${DEMO} | – | – | no run in runs/instruments: npm start | 4 |`
    : printed(DEMO, minutes * 60_000, NaN, minutes, 4);
}

/** Scoring a teacher, against the forward passes of the same process. */
async function scoringRows(only: string, rounds: number): Promise<string[]> {
  const rows = (['first', 'next'] as const)
    .map((which) => ({ which, name: `scoring the ${which} model / passes` }))
    .filter(({ name }) => name.includes(only));
  if (rows.length === 0) return [];
  const { scored, passes } = await scoringTimes(teacher, rounds);
  const other = median(passes.map(({ ms }) => ms));
  return rows.map(({ which, name }) => {
    const ours = median(scored[which].map(({ ms }) => ms));
    return printed(name, ours, other, ours / other, 1.3);
  });
}

/** @param ms of the fastest run of products that was seen. @returns ms of the step at its rate */
function floorOf({ config, batch, samples }: Job, ms: number, cores: number): number {
  return (ms * stepOperations(config, batch, samples)) / floorOperations(cores);
}

function printed(name: string, ours: number, other: number, ratio: number, goal: number): string {
  const missed = ratio <= goal ? '' : ' missed';
  const theirs = Number.isNaN(other) ? '–' : other.toFixed(1);
  return `| ${name} | ${ours.toFixed(1)} | ${theirs} | ${ratio.toFixed(2)} | ${goal}${missed} |`;
}

/** Medians of user and system time. */
function commandTimes(
  only: string,
  rounds: number,
): { name: string; seconds: number; goal: number }[] {
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-goals-'));
  const clip = join(folder, 'clip.wav');
  writeFileSync(clip, encodeWav(Int16Array.from({ length: 64_000 }, (_, i) => (i * 7919) % 9001)));
  const model = join(repositoryRoot, 'examples/instruments/teachers/alto');
  const ced = [process.execPath, join(repositoryRoot, 'infra/ced.mjs')];
  const commands = [
    { name: 'ced tag, CPU s', command: [...ced, 'tag', clip, '--model', model], goal: 0.5 },
    { name: 'ced --help, CPU s', command: [...ced, '--help'], goal: 0.3 },
    { name: 'npx ced --help, CPU s', command: ['npx', 'ced', '--help'], goal: 0.3 },
  ];
  try {
    return commands
      .filter(({ name }) => name.includes(only))
      .map(({ name, command, goal }) => {
        const seconds = Array.from({ length: rounds }, () => cpuSeconds(command));
        return { name, seconds: median(seconds), goal };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** By the shell's `times`, whose last line is that of its children. */
function cpuSeconds(command: readonly string[]): number {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', '"$@" > /dev/null || exit 1; times', 'bash', ...command],
    { encoding: 'utf8', cwd: repositoryRoot },
  );
  const times =
    stdout
      .trim()
      .split('\n')
      .at(-1)
      ?.match(/[\d.]+/g) ?? [];
  if (status !== 0 || times.length !== 4) throw new Error(`${command.join(' ')}: ${stderr}`);
  const [userMinutes = 0, user = 0, systemMinutes = 0, system = 0] = times.map(Number);
  return 60 * (userMinutes + systemMinutes) + user + system;
}
