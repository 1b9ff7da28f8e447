/**
 * `npm run bench -- logits`: audio shards in, logit shards out. Our job as a worker's engine runs
 * it, beside the same work in PyTorch (torch/logits.py), in float32 and in bfloat16. All four are
 * up at once and take turns, run by run, on the same cores.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli/failure';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';
import { repositoryRoot } from '../infra/toolchain';
import { logitsSchema } from '../workflows/contract/run-file-sections';
import type { LogitsInput } from '../workflows/contract/activities';
import { chunkSamples, chunkSeconds, prepareShards, type PredictedShards } from './logits/shard';
import { MeasuredProcess, type Sample } from './measured-process';
import { median } from './table';

const help = `npm run bench -- logits [options]

  --model M      the teacher's size (default tiny)
  --shards N     shards of a run (default 2)
  --clips N      clips of 10 s in each (default 16)
  --views N      views of each (default 8)
  --rounds N     measured runs of each side (default 5)
  --batch N      views that PyTorch hears at once (default 64, as ours)
  --json         as JSON`;

const topK = 20;
const goals = { float32: 1.2, bfloat16: 1.6 } as const;

type Precision = keyof typeof goals;
const precisions: readonly Precision[] = ['float32', 'bfloat16'];

interface Work {
  shards: PredictedShards;
  model: ModelPreset;
  views: number;
  batch: number;
}

/** @returns the exit status */
export async function logitsBench(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const options = {
    model: text,
    shards: text,
    clips: text,
    views: text,
    rounds: text,
    batch: text,
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const { model = 'tiny' } = values;
  if (!(model in MODEL_PRESETS))
    throw new UsageError(`--model ${model}: expected ${Object.keys(MODEL_PRESETS).join(', ')}`);
  const [shards, clips, views] = [
    count(values.shards, 2),
    count(values.clips, 16),
    count(values.views, 8),
  ];
  const [rounds, batch] = [count(values.rounds, 5), count(values.batch, 64)];
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-logits-'));
  try {
    const prepared = await prepareShards(
      folder,
      shards,
      clips,
      MODEL_PRESETS[model as ModelPreset],
    );
    const samples = await takeTurns(
      { shards: prepared, model: model as ModelPreset, views, batch },
      rounds,
    );
    const rateOf = (times: readonly number[]): number =>
      (1000 * shards * clips * views) / median(times);
    const rates = new Map(
      [...samples].map(([side, each]) => [
        side,
        { wall: rateOf(each.map(({ ms }) => ms)), cpu: rateOf(each.map(({ cpuMs }) => cpuMs)) },
      ]),
    );
    console.log(
      values.json === true
        ? JSON.stringify({ model, shards, clips, views, rates: Object.fromEntries(rates) })
        : table(model, rates),
    );
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(given: string | undefined, otherwise: number): number {
  const value = Number(given ?? otherwise);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`${given}: expected a whole number above 0`);
  return value;
}

/** @returns the runs of `ours float32`, `PyTorch float32`, … */
async function takeTurns(work: Work, rounds: number): Promise<Map<string, Sample[]>> {
  const { installPyTorch } = (await import(
    join(repositoryRoot, 'infra', 'setup', 'pytorch.mjs')
  )) as {
    installPyTorch: (report: (line: string) => void) => Promise<string>;
  };
  const python = await installPyTorch((line) => process.stderr.write(`bench: ${line}\n`));
  const started = new Map<string, MeasuredProcess>();
  try {
    for (const precision of precisions) {
      const env = {
        ...process.env,
        ...engineEnvironment(),
        OMP_NUM_THREADS: String(availableParallelism()),
      };
      const ours = [
        join(__dirname, 'logits', 'worker.js'),
        JSON.stringify({
          folder: work.shards.store,
          input: inputOf(work, precision),
          shards: work.shards.audio.length,
        }),
      ];
      started.set(`ours ${precision}`, await MeasuredProcess.start(process.execPath, ours, env));
      const theirs = [
        join(repositoryRoot, 'bench', 'torch', 'logits.py'),
        JSON.stringify(torchJob(work, precision)),
      ];
      started.set(`PyTorch ${precision}`, await MeasuredProcess.start(python, theirs, env));
    }
    const samples = new Map<string, Sample[]>([...started.keys()].map((side) => [side, []]));
    for (let round = 0; round < rounds; round++)
      for (const [side, measured] of started) samples.get(side)?.push(await measured.run());
    return samples;
  } finally {
    for (const measured of started.values()) measured.stop();
  }
}

function inputOf({ shards, views }: Work, precision: Precision): LogitsInput {
  const settings = logitsSchema.parse({ views, topK, chunkSeconds, seed: 1, precision });
  return { store: '', planKey: shards.planKey, shard: 0, ensemble: [shards.teacher], settings };
}

function torchJob({ shards, model, views, batch }: Work, precision: Precision): object {
  const { audio, weights, store } = shards;
  return {
    audio,
    weights,
    config: MODEL_PRESETS[model],
    samples: chunkSamples,
    views,
    batch,
    topK,
    precision,
    out: join(store, `torch-${precision}.npz`),
  };
}

/**
 * Views a second of wall time, and of processor time, which other work on the machine disturbs
 * less.
 */
interface Rates {
  wall: number;
  cpu: number;
}

function table(model: string, rates: ReadonlyMap<string, Rates>): string {
  const line = (name: string, wall: string, cpu: string): string =>
    `  ${name.padEnd(34)} ${wall.padEnd(16)} ${cpu}`;
  const ratio = (name: string, mine: string, other: string, goal?: number): string => {
    const [a, b] = [rates.get(mine), rates.get(other)];
    const [wall, cpu] = [(a?.wall ?? NaN) / (b?.wall ?? NaN), (a?.cpu ?? NaN) / (b?.cpu ?? NaN)];
    const verdict =
      goal === undefined ? '' : ` of ${goal.toFixed(2)}${wall >= goal ? '' : ' missed'}`;
    return line(name, `${wall.toFixed(2)}${verdict}`, cpu.toFixed(2));
  };
  return [
    `${model}: views of 10 s a second, audio shards in, logit shards out; medians on ${availableParallelism()} cores`,
    line('', 'wall', 'a CPU second'),
    ...[...rates].map(([side, { wall, cpu }]) => line(side, wall.toFixed(2), cpu.toFixed(2))),
    ratio('ours / PyTorch, float32', 'ours float32', 'PyTorch float32', goals.float32),
    ratio('ours bfloat16 / ours float32', 'ours bfloat16', 'ours float32', goals.bfloat16),
    ratio("PyTorch's autocast / its float32", 'PyTorch bfloat16', 'PyTorch float32'),
  ].join('\n');
}
