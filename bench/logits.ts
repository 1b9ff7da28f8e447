/**
 * `npm run bench -- logits`: audio shards in, logit shards out. Measures the job as the engine
 * process runs it against the same work in PyTorch (torch/logits.py), in float32 and in bfloat16.
 * All four processes run at the same time and take turns, run by run, on the same cores.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf } from '../infra/command-line/option';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';
import { repositoryRoot } from '../infra/toolchain';
import { logitsSchema } from '../workflows/contract/run-file-sections';
import type { LogitsInput } from '../workflows/contract/activities';
import { chunkSamples, chunkSeconds, prepareShards, type PredictedShards } from './logits/shard';
import { MeasuredProcess, type Sample } from './measured-process';
import { MODELS } from './models';
import { installedPyTorch } from './pytorch';
import { median } from './table';

const line = commandLine({
  program: 'npm run bench',
  usage: 'logits [options]',
  about: [
    'Measures teachers end to end, audio shards in, logit shards out, against the same work in ' +
      'PyTorch, in float32 and in bfloat16.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: "the teacher's size" },
    shards: { value: 'N', is: count, default: 2, help: 'shards of a run' },
    clips: { value: 'N', is: count, default: 16, help: 'clips of 10 s in each shard' },
    views: { value: 'N', is: count, default: 8, help: 'views of each clip' },
    rounds: { value: 'N', is: count, default: 5, help: 'measured runs of each side' },
    batch: { value: 'N', is: count, default: 64, help: "views in PyTorch's batch; ours has 64" },
    json: { help: 'print JSON' },
  },
  examples: ['npm run bench -- logits --model tiny --rounds 3'],
});

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

/** @returns exit status */
export async function logitsBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const { model, shards, clips, views, rounds, batch, json } = values;
    const folder = mkdtempSync(join(tmpdir(), 'ced-bench-logits-'));
    try {
      const prepared = await prepareShards(folder, shards, clips, MODEL_PRESETS[model]);
      const samples = await takeTurns({ shards: prepared, model, views, batch }, rounds);
      const rateOf = (times: readonly number[]): number =>
        (1000 * shards * clips * views) / median(times);
      const rates = new Map(
        [...samples].map(([side, each]) => [
          side,
          { wall: rateOf(each.map(({ ms }) => ms)), cpu: rateOf(each.map(({ cpuMs }) => cpuMs)) },
        ]),
      );
      const byName = Object.fromEntries(rates);
      console.log(
        json ? JSON.stringify({ model, shards, clips, views, rates: byName }) : table(model, rates),
      );
      return 0;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** @returns the runs of `ours float32`, `PyTorch float32`, … */
async function takeTurns(work: Work, rounds: number): Promise<Map<string, Sample[]>> {
  const python = await installedPyTorch();
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
 * Views per second of wall time, and of CPU time, which other work on the machine disturbs less.
 */
interface Rates {
  wall: number;
  cpu: number;
}

function table(model: string, rates: ReadonlyMap<string, Rates>): string {
  const cells = (name: string, wall: string, cpu: string): string =>
    `  ${name.padEnd(34)} ${wall.padEnd(16)} ${cpu}`;
  const ratio = (name: string, own: string, other: string, goal?: number): string => {
    const [a, b] = [rates.get(own), rates.get(other)];
    const [wall, cpu] = [(a?.wall ?? NaN) / (b?.wall ?? NaN), (a?.cpu ?? NaN) / (b?.cpu ?? NaN)];
    const target =
      goal === undefined ? '' : ` of ${goal.toFixed(2)}${wall >= goal ? '' : ' missed'}`;
    return cells(name, `${wall.toFixed(2)}${target}`, cpu.toFixed(2));
  };
  return [
    `${model}: views of 10 s a second, audio shards in, logit shards out; ` +
      `medians on ${availableParallelism()} cores`,
    cells('', 'wall', 'a CPU second'),
    ...[...rates].map(([side, { wall, cpu }]) => cells(side, wall.toFixed(2), cpu.toFixed(2))),
    ratio('ours / PyTorch, float32', 'ours float32', 'PyTorch float32', goals.float32),
    ratio('ours bfloat16 / ours float32', 'ours bfloat16', 'ours float32', goals.bfloat16),
    ratio("PyTorch's autocast / its float32", 'PyTorch bfloat16', 'PyTorch float32'),
  ].join('\n');
}
