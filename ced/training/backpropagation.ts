/**
 * One training step up to the gradients: spectrograms in, loss, gradients by name and new running
 * statistics out. The optimizer is not part of it.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ModelConfig } from '../model/config';
import { initBnBackward, initBnTraining, type RunningStatistics } from '../model/init-bn';
import { Gradients, type ParameterSource } from '../model/parameter-access';
import { transformer, transformerBackward } from '../model/transformer';
import { binaryCrossEntropy, mixup } from './loss';

export interface Backpropagation {
  readonly loss: Tensor;
  readonly gradients: Gradients;
  readonly running: RunningStatistics;
}

export function backpropagate(
  ops: Ops,
  config: ModelConfig,
  /** dB, masked, [batch, frames, mels] */
  spectrogram: Tensor,
  /** [batch, classes] */
  targets: Tensor,
  /** [batch], null for no mixup */
  lambda: Tensor | null,
  parameter: ParameterSource,
): Backpropagation {
  const gradients = new Gradients(ops, parameter);
  const mixed =
    lambda === null
      ? { spectrogram, targets }
      : { spectrogram: mixup(ops, spectrogram, lambda), targets: mixup(ops, targets, lambda) };
  const initBn = initBnTraining(ops, mixed.spectrogram, parameter);
  const model = transformer(ops, config, initBn.output, parameter);
  const { loss, logitsGradient } = binaryCrossEntropy(ops, model.logits, mixed.targets);
  const patchesGradient = transformerBackward(
    ops,
    config,
    logitsGradient,
    model,
    parameter,
    gradients,
  );
  initBnBackward(ops, patchesGradient, initBn, gradients);
  return { loss, gradients, running: initBn.running };
}
