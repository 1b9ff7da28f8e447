/**
 * One training step up to the gradients: spectrograms in; loss, gradients by name and shares of the
 * running statistics out. The optimizer is not part of it. The branches of a batch share the
 * weights and the statistics of `init_bn`, and nothing else; losses and gradients are summed in
 * their order.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ModelConfig } from '../model/config';
import {
  batchStatistics,
  initBnBackward,
  initBnEvaluation,
  initBnTraining,
  type RunningStatistics,
} from '../model/init-bn';
import { Gradients, type ParameterSource } from '../model/parameter-access';
import { transformer, transformerBackward } from '../model/transformer';
import { binaryCrossEntropy, mixup } from './loss';

export interface Backpropagation {
  readonly loss: Tensor;
  readonly gradients: Gradients;
  /** What the batch adds to them, see `movedStatistic`. */
  readonly shares: RunningStatistics;
}

/** Rows of a batch that are computed together; a clip and the one it is mixed with are in one. */
export interface TrainingBranch {
  /** dB, masked, [rows, frames, mels] */
  readonly spectrogram: Tensor;
  /** [rows, classes] */
  readonly targets: Tensor;
  /** [rows], null for no mixup */
  readonly lambda: Tensor | null;
}

/**
 * @param lowest the layer down to which gradients are needed, as of `transformerBackward`. Above 0
 *   `init_bn` is frozen: it normalises by its running statistics, as the checkpoint did
 */
export function backpropagate(
  ops: Ops,
  config: ModelConfig,
  branches: readonly TrainingBranch[],
  parameter: ParameterSource,
  lowest = 0,
): Backpropagation {
  const rowsOf = ({ targets }: TrainingBranch): number => targets.shape[0] as number;
  const batch = branches.reduce((sum, branch) => sum + rowsOf(branch), 0);
  const mixed = branches.map((branch) => mixedBranch(ops, branch));
  const statistics = batchStatistics(
    ops,
    mixed.map(({ spectrogram }) => spectrogram),
  );
  const gradients = new Gradients(ops, parameter, branches.length);
  const losses = mixed.map(({ spectrogram, targets }, index) => {
    const share = rowsOf(branches[index] as TrainingBranch) / batch;
    const initBn =
      lowest === 0
        ? initBnTraining(ops, spectrogram, statistics, parameter)
        : initBnEvaluation(ops, spectrogram, parameter);
    const model = transformer(ops, config, initBn.output, parameter);
    const { loss, logitsGradient } = binaryCrossEntropy(ops, model.logits, targets, share);
    const patchesGradient = transformerBackward(
      ops,
      config,
      logitsGradient,
      model,
      parameter,
      gradients,
      lowest,
    );
    if (patchesGradient !== null) initBnBackward(ops, patchesGradient, initBn, gradients);
    return loss;
  });
  return {
    loss: losses.reduce((sum, loss) => ops.add(sum, loss)),
    gradients,
    shares: statistics.shares,
  };
}

function mixedBranch(
  ops: Ops,
  { spectrogram, targets, lambda }: TrainingBranch,
): { spectrogram: Tensor; targets: Tensor } {
  return lambda === null
    ? { spectrogram, targets }
    : { spectrogram: mixup(ops, spectrogram, lambda), targets: mixup(ops, targets, lambda) };
}
