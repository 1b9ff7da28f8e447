/**
 * `npm run bench -- traffic`: what a training step would start and move on a GPU, counted in the
 * traced function, so that no GPU is needed. A prediction, not a measurement: it knows nothing of
 * what TensorFlow folds away, of caches, and of how XLA splits a chain.
 */
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf } from '../infra/command-line/option';
import { COMPILED_ELEMENTS, type Engine } from '../ced/engine/engine';
import type { OpOutput } from '../ced/engine/op-runner';
import { Ops, type Precision } from '../ced/engine/ops';
import { elementCount, type DType, type Tensor } from '../ced/engine/tensor';
import { Tracer, type ArgumentSpec } from '../ced/engine/tracer';
import { MODEL_PRESETS, type ModelConfig } from '../ced/model/config';
import { initialWeights } from '../ced/model/initial-weights';
import { Trainer } from '../ced/training/trainer';
import { MODELS } from './models';

const line = commandLine({
  program: 'npm run bench',
  usage: 'traffic [options]',
  about: [
    'Counts the kernels that a bf16 training step starts on a GPU, and the bytes that they read ' +
      'and write, in the traced function: with chains compiled by XLA, and kernel by kernel.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: "the student's size" },
    batch: { value: 'N', is: count, default: 128, help: 'clips of 10 s' },
  },
  examples: ['npm run bench -- traffic --model base --batch 32'],
});

/** @returns exit status */
export async function trafficBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, ({ values: { model, batch } }) => {
    console.log('| step | kernels | element-wise GB | GB of products |');
    console.log('| --- | ---: | ---: | ---: |');
    for (const compiled of [true, false]) {
      const { kernels, elementBytes, productBytes } = stepTraffic(
        MODEL_PRESETS[model],
        batch,
        160_000,
        'bfloat16',
        compiled,
      );
      const gigabytes = [elementBytes, productBytes].map((bytes) => (bytes / 1e9).toFixed(1));
      const name = `${model}, bf16, batch ${batch}, ${compiled ? 'XLA' : 'kernel by kernel'}`;
      console.log(`| ${name} | ${kernels} | ${gigabytes.join(' | ')} |`);
    }
    return Promise.resolve(0);
  });
}

export interface Traffic {
  kernels: number;
  /** Read and written by everything but matrix products. */
  elementBytes: number;
  /** By matrix products. */
  productBytes: number;
}

/** A step on a GPU, from audio to updated variables, with masks and mixup. */
export function stepTraffic(
  config: ModelConfig,
  batch: number,
  samples: number,
  precision: Precision,
  compiled: boolean,
): Traffic {
  const engine = new CountingEngine(compiled);
  const trainer = new Trainer(engine as unknown as Engine, config, initialWeights(config, 1), {
    precision,
  });
  trainer.step(
    {
      ...{ pcm: new Int16Array(batch * samples), batch, samples },
      masks: new Int32Array(batch * 4),
      targets: new Float32Array(batch * config.outputdim),
      lambda: new Float32Array(batch),
    },
    1e-3,
  );
  return engine.traffic;
}

/** As much of an engine on a GPU as a trainer uses; it traces and computes nothing. */
class CountingEngine {
  readonly kind = { device: 'gpu' };
  traffic: Traffic = { kernels: 0, elementBytes: 0, productBytes: 0 };
  private nextId = 0;

  constructor(private readonly compiled: boolean) {}

  define(
    _key: string,
    argumentSpecs: readonly ArgumentSpec[],
    precision: Precision,
    body: (ops: Ops, inputs: readonly Tensor[]) => readonly Tensor[],
  ): { outputs: readonly Tensor[] } {
    const limit = this.compiled ? COMPILED_ELEMENTS : Infinity;
    const tracer = new TrafficTracer(argumentSpecs, limit);
    const outputs = body(new Ops(tracer, precision), tracer.arguments);
    this.traffic = tracer.traffic;
    return { outputs };
  }

  call = ({ outputs }: { outputs: readonly Tensor[] }): readonly Tensor[] => outputs;
  tensor = (_values: unknown, shape: number[], dtype: Tensor['dtype']): Tensor => ({
    id: this.nextId++,
    dtype,
    shape,
  });
  variable = (): Tensor => ({ id: this.nextId++, dtype: 'resource', shape: [] });
  read = (): Float32Array => new Float32Array(1);
  free = (): void => undefined;
}

/** Variables, which Adam changes where they are, count nothing: 24 bytes a weight. */
const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  ...{ float32: 4, int32: 4, uint8: 1, int16: 2 },
  ...{ complex64: 8, bool: 1, bfloat16: 2, resource: 0 },
};

/** Ops that start no kernel of their own: they give another name or shape to the same memory. */
const FREE = new Set(['Const', 'Identity', 'Reshape', 'ReadVariableOp', 'Bitcast', 'Squeeze']);

class TrafficTracer extends Tracer {
  readonly traffic: Traffic = { kernels: 0, elementBytes: 0, productBytes: 0 };

  override run(
    op: string,
    attributes: Parameters<Tracer['run']>[1],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[] {
    if (!FREE.has(op)) {
      this.traffic.kernels++;
      const bytes = [...inputs, ...outputs]
        .map(({ dtype, shape }) => DTYPE_BYTES[dtype] * elementCount(shape))
        .reduce((sum, each) => sum + each, 0);
      this.traffic[op.includes('MatMul') ? 'productBytes' : 'elementBytes'] += bytes;
    }
    return super.run(op, attributes, inputs, outputs);
  }
}
