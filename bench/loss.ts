/**
 * `npm run bench -- loss`: would a loss on the stored pairs be faster than one on dense targets?
 * Measures both, from the stored pairs of one view to the loss and the gradient of the logits, for
 * CED-tiny's batch and classes, and a whole step for comparison. Fails when the two gradients
 * differ in a bit.
 */
import { typeAttribute } from '../ced/engine/attributes';
import { openEngine, type Engine } from '../ced/engine/engine';
import type { Ops } from '../ced/engine/ops';
import type { Tensor } from '../ced/engine/tensor';
import { halfValues } from '../ced/logits/half';
import type { LogitTable } from '../ced/logits/logit-table';
import { writeTargets } from '../ced/logits/targets';
import { binaryCrossEntropy } from '../ced/training/loss';
import { commandLine } from '../infra/command-line/command-line';
import { audioSetLike, taggerLogits } from './storage/tagger-model';
import { stepMicroseconds } from './storage/view-reading';
import { median } from './table';

const line = commandLine({
  program: 'npm run bench',
  usage: 'loss [options]',
  about: [
    'CPU time of the loss and its gradient from dense targets and from the stored pairs, batch ' +
      '32, K = 20 of 527.',
  ],
  options: { json: { help: 'print JSON' } },
  examples: ['npm run bench -- loss --json'],
});

const batch = 32;
const rounds = 200;
const { classes, topK } = audioSetLike;

interface Side {
  /** @returns gradient of the logits, float32 [batch, classes] */
  run(table: LogitTable, firstRow: number): Float32Array;
}

/** @returns exit status */
export async function lossBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { json } }) => {
    const measured = await measure();
    console.log(json ? JSON.stringify(measured) : text(measured));
    return 0;
  });
}

interface Microseconds {
  denseMicroseconds: number;
  pairsMicroseconds: number;
  stepMicroseconds: number;
}

async function measure(): Promise<Microseconds> {
  const engine = openEngine();
  const logits = Float32Array.from(
    { length: batch * classes },
    (_, at) => ((at * 7919) % 1000) / 100 - 9,
  );
  const table = taggerLogits({ ...audioSetLike, clips: 64, views: 1 });
  const sides = { dense: dense(engine, logits), pairs: pairs(engine, logits) };
  if (
    !Buffer.from(sides.dense.run(table, 0).buffer).equals(
      Buffer.from(sides.pairs.run(table, 0).buffer),
    )
  )
    throw new Error('the two gradients differ');
  const taken: Record<keyof typeof sides, number[]> = { dense: [], pairs: [] };
  for (let round = 0; round < rounds; round++)
    for (const name of ['dense', 'pairs'] as const) {
      const before = process.cpuUsage();
      sides[name].run(table, round % (table.rows - batch));
      const { user, system } = process.cpuUsage(before);
      taken[name].push(user + system);
    }
  return {
    denseMicroseconds: median(taken.dense),
    pairsMicroseconds: median(taken.pairs),
    stepMicroseconds: batch * (await stepMicroseconds()),
  };
}

function text({ denseMicroseconds, pairsMicroseconds, stepMicroseconds: step }: Microseconds) {
  const cell = (us: number): string => us.toFixed(0).padStart(9);
  const share = (us: number): string => `${((100 * us) / step).toFixed(3)} %`;
  return [
    `loss and its gradient, batch ${batch}, ${topK} of ${classes} classes: microseconds of CPU, ` +
      `medians of ${rounds}`,
    `  from dense targets   ${cell(denseMicroseconds)}   ${share(denseMicroseconds)} of a step`,
    `  from stored pairs    ${cell(pairsMicroseconds)}   ${share(pairsMicroseconds)}`,
    `  a step of CED-tiny   ${cell(step)}   wall time`,
  ].join('\n');
}

/** The loss of training. */
function dense(engine: Engine, logits: Float32Array): Side {
  const spec = { dtype: 'float32', shape: [batch, classes] } as const;
  const traced = engine.define('bench dense loss', [spec, spec], 'float32', (ops, [l, y]) => {
    const { loss, logitsGradient } = binaryCrossEntropy(ops, l as Tensor, y as Tensor);
    return [loss, logitsGradient];
  });
  const given = engine.tensor(logits, spec.shape, 'float32');
  return {
    run(table, firstRow) {
      const targets = new Float32Array(batch * classes);
      for (let row = 0; row < batch; row++)
        writeTargets(table, firstRow + row, classes, 'zero', topK, targets, row * classes);
      return readGradient(engine, traced, given, [engine.tensor(targets, spec.shape, 'float32')]);
    },
  };
}

/** Computes σ of every class; subtracts the stored probabilities at their classes. */
function pairs(engine: Engine, logits: Float32Array): Side {
  const spec = { dtype: 'float32', shape: [batch, classes] } as const;
  const places = { dtype: 'int32', shape: [batch * topK, 2] } as const;
  const probabilities = { dtype: 'float32', shape: [batch * topK] } as const;
  const traced = engine.define(
    'bench loss of pairs',
    [spec, places, probabilities],
    'float32',
    (ops, [l, at, y]) => lossOfPairs(ops, l as Tensor, at as Tensor, y as Tensor),
  );
  const given = engine.tensor(logits, spec.shape, 'float32');
  return {
    run(table, firstRow) {
      const at = new Int32Array(batch * topK * 2);
      const values = new Float32Array(batch * topK);
      for (let pair = 0; pair < batch * topK; pair++) {
        at[2 * pair] = Math.floor(pair / topK);
        at[2 * pair + 1] = table.indexes[firstRow * topK + pair]!;
        values[pair] = halfValues[table.values[firstRow * topK + pair]!]!;
      }
      const inputs = [
        engine.tensor(at, places.shape, 'int32'),
        engine.tensor(values, probabilities.shape, 'float32'),
      ];
      return readGradient(engine, traced, given, inputs);
    },
  };
}

function lossOfPairs(
  ops: Ops,
  logits: Tensor,
  at: Tensor,
  probabilities: Tensor,
): [Tensor, Tensor] {
  const [float, int] = [typeAttribute('T', 'float32'), typeAttribute('Tindices', 'int32')];
  const of = (port: string, { shape }: Tensor) => [{ port, dtype: 'float32', shape }] as const;
  const [stored] = ops.runner.run(
    'GatherNd',
    [typeAttribute('Tparams', 'float32'), int],
    [logits, at],
    [...of('output', probabilities)],
  );
  const unstored = ops.add(ops.relu(logits), ops.log1p(ops.exp(ops.negate(ops.abs(logits)))));
  const credit = ops.scale(
    ops.sum(ops.multiply(stored as Tensor, probabilities), [0]),
    1 / (batch * classes),
  );
  const sigma = ops.sigmoid(logits);
  const [less] = ops.runner.run(
    'TensorScatterSub',
    [float, int],
    [sigma, at, probabilities],
    [...of('output', sigma)],
  );
  return [
    ops.subtract(ops.mean(unstored, [0, 1]), credit),
    ops.scale(less as Tensor, 1 / (batch * classes)),
  ];
}

function readGradient(
  engine: Engine,
  traced: ReturnType<Engine['define']>,
  logits: Tensor,
  inputs: Tensor[],
): Float32Array {
  const outputs = engine.call(traced, [logits, ...inputs]);
  const gradient = engine.read(outputs[1] as Tensor).slice();
  engine.free(...outputs, ...inputs);
  return gradient;
}
