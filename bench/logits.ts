/**
 * `npm run bench -- logits`: an audio shard in, a logit shard out. Our job as a worker's engine runs it, beside the same work in PyTorch (torch/logits.py), in float32 and in
 * bfloat16. All four are up at once and take turns, run by run, on the same cores.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli/failure';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';
import { repositoryRoot } from '../infra/toolchain';
import { logitsSchema } from '../workflows/contract/run-file';
import type { LogitsInput } from '../workflows/contract/activities';
import { chunkSamples, chunkSeconds, prepareShard, type HeardShard } from './logits/shard';
import { MeasuredProcess, type Sample } from './measured-process';
import { median } from './table';

const help = `npm run bench -- logits [options]

  --model M      the teacher's size (default tiny)
  --clips N      clips of 10 s in the shard (default 16)
  --views N      views of each (default 4)
  --rounds N     measured runs of each side (default 5)
  --batch N      views that PyTorch hears at once (default 64, as ours)
  --json         as JSON`;

const topK = 20;
const goals = { float32: 1.2, bfloat16: 1.6 } as const;

type Precision = keyof typeof goals;
const precisions: readonly Precision[] = ['float32', 'bfloat16'];

interface Work {
  shard: HeardShard;
  model: ModelPreset;
  views: number;
  batch: number;
}

/** @returns the exit status */
export async function logitsBench(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const options = {
    model: text,
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
  if (!(model in MODEL_PRESETS)) throw new UsageError(`--model ${model}: expected ${Object.keys(MODEL_PRESETS).join(', ')}`);
  const [clips, views, rounds, batch] = [count(values.clips, 16), count(values.views, 4), count(values.rounds, 5), count(values.batch, 64)];
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-logits-'));
  try {
    const shard = await prepareShard(folder, clips, MODEL_PRESETS[model as ModelPreset]);
    const seconds = await takeTurns({ shard, model: model as ModelPreset, views, batch }, rounds);
    const rates = new Map([...seconds].map(([side, each]) => [side, (clips * views) / median(each)]));
    console.log(values.json === true ? JSON.stringify({ model, clips, views, rates: Object.fromEntries(rates) }) : table(model, rates));
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(given: string | undefined, otherwise: number): number {
  const value = Number(given ?? otherwise);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${given}: expected a whole number above 0`);
  return value;
}

/** @returns seconds of every run of `ours float32`, `PyTorch float32`, … */
async function takeTurns(work: Work, rounds: number): Promise<Map<string, number[]>> {
  const { installPyTorch } = (await import(join(repositoryRoot, 'infra', 'setup', 'pytorch.mjs'))) as {
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
      const ours = [join(__dirname, 'logits', 'worker.js'), JSON.stringify({ folder: work.shard.store, input: inputOf(work, precision) })];
      started.set(`ours ${precision}`, await MeasuredProcess.start(process.execPath, ours, env));
      const theirs = [join(repositoryRoot, 'bench', 'torch', 'logits.py'), JSON.stringify(torchJob(work, precision))];
      started.set(`PyTorch ${precision}`, await MeasuredProcess.start(python, theirs, env));
    }
    const samples = new Map<string, Sample[]>([...started.keys()].map((side) => [side, []]));
    for (let round = 0; round < rounds; round++) for (const [side, measured] of started) samples.get(side)?.push(await measured.run());
    return new Map([...samples].map(([side, each]) => [side, each.map(({ ms }) => ms / 1000)]));
  } finally {
    for (const measured of started.values()) measured.stop();
  }
}

function inputOf({ shard, views }: Work, precision: Precision): LogitsInput {
  const settings = logitsSchema.parse({ views, topK, chunkSeconds, seed: 1, precision });
  return { store: '', planKey: shard.planKey, shard: 0, ensemble: [shard.teacher], settings };
}

function torchJob({ shard, model, views, batch }: Work, precision: Precision): object {
  const { audio, weights, store } = shard;
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

function table(model: string, rates: ReadonlyMap<string, number>): string {
  const rate = (side: string): number => rates.get(side) ?? NaN;
  const ratio = (mine: number, other: number, goal?: number): string =>
    `${(mine / other).toFixed(2)}${goal === undefined ? '' : ` of ${goal.toFixed(2)}${mine / other >= goal ? '' : ' missed'}`}`;
  const line = (name: string, value: string): string => `  ${name.padEnd(34)} ${value}`;
  return [
    `${model}: views of 10 s a second, audio shard in, logit shard out; medians on ${availableParallelism()} cores`,
    ...[...rates].map(([side, value]) => line(side, value.toFixed(2))),
    line('ours / PyTorch, float32', ratio(rate('ours float32'), rate('PyTorch float32'), goals.float32)),
    line('ours bfloat16 / ours float32', ratio(rate('ours bfloat16'), rate('ours float32'), goals.bfloat16)),
    line("PyTorch's autocast / its float32", ratio(rate('PyTorch bfloat16'), rate('PyTorch float32'))),
  ].join('\n');
}
