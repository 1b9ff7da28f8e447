/**
 * The floor of a training step: the model's own matrix products at the fastest rate that this
 * machine's cores reach together. A processor that does nothing else cannot be faster.
 */
import type { Engine } from '../ced/engine/engine';
import type { OpOutput } from '../ced/engine/op-runner';
import { Ops, type Precision } from '../ced/engine/ops';
import { elementCount, type Tensor } from '../ced/engine/tensor';
import { Tracer } from '../ced/engine/tracer';
import type { ModelConfig } from '../ced/model/config';
import { parameterSpecs } from '../ced/model/parameters';
import { frameCount } from '../ced/audio/frames';
import { backpropagate } from '../ced/training/backpropagation';

/** Floating-point operations of the matrix products of a step, forward and backward. */
export function stepOperations(config: ModelConfig, batch: number, samples: number): number {
  const specs = parameterSpecs(config);
  const float = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
  const tracer = new CountingTracer([
    float(batch, frameCount(samples), config.n_mels),
    float(batch, config.outputdim),
    ...specs.map(({ shape }) => float(...shape)),
  ]);
  const [spectrogram, targets, ...values] = tracer.arguments as [Tensor, Tensor, ...Tensor[]];
  const byName = new Map(specs.map(({ name }, index) => [name, values[index] as Tensor]));
  const { gradients } = backpropagate(
    new Ops(tracer, 'float32'),
    config,
    [{ spectrogram, targets, lambda: null }],
    (name) => byName.get(name) as Tensor,
  );
  for (const { name, trained } of specs) if (trained) gradients.get(name);
  return tracer.operations;
}

class CountingTracer extends Tracer {
  operations = 0;

  override run(
    op: string,
    attributes: Parameters<Tracer['run']>[1],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[] {
    const [left, right] = inputs;
    const [product] = outputs;
    if (op.includes('MatMul') && left && right && product) {
      const products = elementCount(left.shape.slice(0, -2));
      // m·k × k·n × m·n for each of them, whichever side is stored transposed
      const [a, b, c] = [left, right, product].map(({ shape }) => elementCount(shape)) as [
        number,
        number,
        number,
      ];
      this.operations += 2 * Math.sqrt((a * b * c) / products);
    }
    return super.run(op, attributes, inputs, outputs);
  }
}

const SIZE = 1024;
const PRODUCTS = 8;

/** Of one call of `fastestProducts`. */
export const floorOperations = (cores: number): number => 2 * SIZE ** 3 * PRODUCTS * cores;

/** Chains of square products that fit into the cache, one for each core. @returns a run of them */
export function fastestProducts(engine: Engine, precision: Precision, cores: number): () => void {
  const spec = { dtype: 'float32', shape: [SIZE, SIZE] } as const;
  const traced = engine.define(
    `floor ${precision} ${cores}`,
    Array.from({ length: cores + 1 }, () => spec),
    precision,
    (ops, [weight, ...starts]) =>
      starts.map((start) => {
        let x = ops.operand(start);
        for (let at = 0; at < PRODUCTS; at++) x = ops.matmul(x, weight!);
        return ops.wide(ops.slice(ops.wide(x), [0, 0], [1, 1]));
      }),
    Infinity,
  );
  const inputs = Array.from({ length: cores + 1 }, (_, index) =>
    engine.tensor(
      Float32Array.from({ length: SIZE * SIZE }, (__, i) => ((i * 7 + index) % 11) / 350),
      spec.shape,
      'float32',
    ),
  );
  return () => engine.free(...engine.call(traced, inputs));
}
