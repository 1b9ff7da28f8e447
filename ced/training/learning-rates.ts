/**
 * Which parameters a training changes, and at which share of the learning rate: for models that
 * start from a checkpoint. Layers count from the input, as in BEiT, MAE and timm
 * (https://github.com/facebookresearch/mae, util/lr_decay.py): 0 is the patch embedding with its
 * positions and `init_bn`, block i is i + 1, norm and head are depth + 1.
 */

/** `head`: the output layer with its norm. `lastBlocks`: those and the encoder's norm with them. */
export type TrainedPart = 'all' | 'head' | { readonly lastBlocks: number };

export interface LearningRates {
  readonly train: TrainedPart;
  /** Of the head's learning rate over the encoder's last layer. */
  readonly headLearningRateFactor: number;
  /** Of a layer's learning rate over the next one's. */
  readonly layerDecay: number;
}

/** 0 = the parameter is frozen: it keeps its bits. */
export function learningRateFactor(
  name: string,
  { train, headLearningRateFactor, layerDecay }: LearningRates,
  depth: number,
): number {
  const isHead = name.startsWith('outputlayer.');
  const layer = layerOf(name, depth);
  if (layer < lowestTrainedLayer(train, depth) || (train === 'head' && !isHead)) return 0;
  return layerDecay ** (depth + 1 - layer) * (isHead ? headLearningRateFactor : 1);
}

/** The layer down to which gradients are needed. */
export function lowestTrainedLayer(train: TrainedPart, depth: number): number {
  if (train === 'all') return 0;
  return train === 'head' ? depth + 1 : depth + 1 - train.lastBlocks;
}

function layerOf(name: string, depth: number): number {
  const block = /^encoder\.blocks\.(\d+)\./.exec(name)?.[1];
  if (block !== undefined) return Number(block) + 1;
  return /^(outputlayer|encoder\.norm)\./.test(name) ? depth + 1 : 0;
}
