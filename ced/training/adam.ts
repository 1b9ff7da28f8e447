/**
 * Adam (Kingma & Ba, 2015) with PyTorch's epsilon, by TensorFlow's fused kernel. The two differ in
 * where ε is added:
 *   PyTorch     lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 *   TensorFlow  lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε')
 * so ε' = ε · √(1 − β₂ᵗ). Numbers that depend on the step are computed in float64 and passed in.
 */
import { boolAttribute, typeAttribute } from '../engine/attributes';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * The four step-dependent numbers, as one tensor's content: β₁ᵗ, β₂ᵗ, learning rate, ε'. `step`
 * counts from 1.
 */
export function adamScalars(step: number, learningRate: number): Float32Array {
  const beta2Power = BETA2 ** step;
  return Float32Array.of(
    BETA1 ** step,
    beta2Power,
    learningRate,
    EPSILON * Math.sqrt(1 - beta2Power),
  );
}

export interface AdamVariables {
  readonly value: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

export interface AdamUpdate {
  readonly variables: AdamVariables;
  /** The content of `variables.value` before the step. */
  readonly before: Tensor;
  readonly gradient: Tensor;
  /** Share of the learning rate. */
  readonly rate: number;
}

/**
 * `scalars` [4] as from `adamScalars`. `weightDecay` is decoupled (Loshchilov & Hutter, 2019): each
 * value first loses learning rate · weightDecay of itself, whatever its gradient. As in
 * `torch.optim.AdamW` without groups it reaches every trained parameter: matrices, biases, layer
 * norms and position embeddings.
 */
export function adamUpdates(
  ops: Ops,
  scalars: Tensor,
  updates: readonly AdamUpdate[],
  weightDecay: number,
): void {
  const [beta1Power, beta2Power, learningRate, epsilon] = ops.unstack(scalars) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const attributes = [
    typeAttribute('T', 'float32'),
    boolAttribute('use_locking', false),
    boolAttribute('use_nesterov', false),
  ];
  const rates = new Map<number, Tensor>([[1, learningRate]]);
  const decays = new Map<number, Tensor>();
  for (const { variables, before, gradient, rate } of updates) {
    const { value, firstMoment, secondMoment } = variables;
    const ownRate = rates.get(rate) ?? ops.scale(learningRate, rate);
    rates.set(rate, ownRate);
    if (weightDecay !== 0) {
      const decay = decays.get(rate) ?? ops.scale(ownRate, weightDecay);
      decays.set(rate, decay);
      ops.subtractFromVariable(value, ops.multiply(before, decay));
    }
    const inputs = [
      value,
      firstMoment,
      secondMoment,
      beta1Power,
      beta2Power,
      ownRate,
      ops.scalar(BETA1),
      ops.scalar(BETA2),
      epsilon,
      gradient,
    ];
    ops.runner.run('ResourceApplyAdam', attributes, inputs, []);
  }
}

/**
 * Scales gradients so that their joint Euclidean norm is at most `maximumNorm`, as
 * `torch.nn.utils.clip_grad_norm_`.
 */
export function clipByGlobalNorm(
  ops: Ops,
  gradients: readonly Tensor[],
  maximumNorm: number,
): Tensor[] {
  const squares = gradients.map((gradient) => {
    const axes = gradient.shape.map((_, axis) => axis);
    return ops.sum(ops.square(gradient), axes);
  });
  const norm = ops.sqrt(ops.sum(ops.stack(squares), [0]));
  const factor = ops.minimum(
    ops.scalar(1),
    ops.divide(ops.scalar(maximumNorm), ops.add(norm, ops.scalar(1e-6))),
  );
  return gradients.map((gradient) => ops.multiply(gradient, factor));
}
