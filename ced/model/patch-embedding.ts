/**
 * Spectrogram to tokens: patches of 16 × 16 through one linear map, plus learnt positions in time
 * and frequency. Frames that fill no patch are cropped. Tokens are ordered by time, then frequency,
 * so that no second transposition is needed; attention doesn't care, and the head knows.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { patchGrid } from './parameters';
import type { ModelConfig } from './config';
import type { Gradients, ParameterSource } from './parameter-access';

const PROJECTION = 'encoder.patch_embed.proj';
const TIME = 'encoder.time_pos_embed';
const FREQUENCY = 'encoder.freq_pos_embed';
const CLASS_TOKEN = 'encoder.cls_token';
const CLASS_POSITION = 'encoder.token_pos_embed';

export interface PatchEmbedding {
  /** [batch · tokens, width] */
  readonly tokens: Tensor;
  readonly tokensPerClip: number;
  /** [batch · patches, patch area] */
  readonly patches: Tensor;
  readonly batch: number;
  readonly timePatches: number;
}

/**
 * `spectrogram` [batch, frames, mels]; throws RangeError if it has no whole patch or more frames
 * than positions.
 */
export function embedPatches(
  ops: Ops,
  config: ModelConfig,
  spectrogram: Tensor,
  parameter: ParameterSource,
): PatchEmbedding {
  const [batch, frames, mels] = spectrogram.shape as [number, number, number];
  const { embed_dim: width, patch_size: patch } = config;
  const grid = patchGrid(config);
  const timePatches = Math.min(Math.floor(frames / patch), grid.time);
  if (timePatches === 0)
    throw new RangeError(`${frames} frames are shorter than one patch of ${patch}`);
  if (frames > config.target_length)
    throw new RangeError(
      `${frames} frames are more than the model's target_length ${config.target_length}`,
    );

  const cropped = ops.slice(spectrogram, [0, 0, 0], [batch, timePatches * patch, mels]);
  // [batch, t, dt, f, df] to [batch, t, f, df, dt]: within a patch frequency comes first, as in the
  // published projection weights.
  const apart = ops.transpose(
    ops.reshape(cropped, batch, timePatches, patch, grid.frequency, patch),
    0,
    1,
    3,
    4,
    2,
  );
  const patches = ops.reshape(apart, batch * timePatches * grid.frequency, patch * patch);
  const weight = ops.reshape(parameter(`${PROJECTION}.weight`), width, patch * patch);
  const projected = ops.reshape(
    ops.wide(ops.matmul(patches, weight, { transposeRight: true })),
    batch,
    timePatches * grid.frequency,
    width,
  );

  const positionInTime = ops.slice(
    ops.transpose(ops.reshape(parameter(TIME), width, grid.time), 1, 0),
    [0, 0],
    [timePatches, width],
  );
  const positionInFrequency = ops.transpose(
    ops.reshape(parameter(FREQUENCY), width, grid.frequency),
    1,
    0,
  );
  const position = ops.add(
    ops.reshape(positionInTime, timePatches, 1, width),
    ops.add(
      ops.reshape(positionInFrequency, 1, grid.frequency, width),
      parameter(`${PROJECTION}.bias`),
    ),
  );
  let embedded = ops.add(projected, ops.reshape(position, 1, timePatches * grid.frequency, width));
  let tokensPerClip = timePatches * grid.frequency;
  if (config.pooling === 'token') {
    const token = ops.add(
      parameter(CLASS_TOKEN),
      ops.reshape(parameter(CLASS_POSITION), 1, 1, width),
    );
    const zeros = ops.zerosLike(ops.slice(embedded, [0, 0, 0], [batch, 1, width]));
    embedded = ops.concat([ops.add(token, zeros), embedded], 1);
    tokensPerClip += 1;
  }
  return {
    tokens: ops.reshape(embedded, batch * tokensPerClip, width),
    tokensPerClip,
    patches,
    batch,
    timePatches,
  };
}

/** Gradient of the spectrogram's whole patches, [batch, t · patch, mels]. */
export function embedPatchesBackward(
  ops: Ops,
  config: ModelConfig,
  tokensGradient: Tensor,
  { tokensPerClip, patches, batch, timePatches }: PatchEmbedding,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  const { embed_dim: width, patch_size: patch } = config;
  const grid = patchGrid(config);
  const patchCount = timePatches * grid.frequency;
  let perClip = ops.reshape(tokensGradient, batch, tokensPerClip, width);
  if (config.pooling === 'token') {
    const token = ops.sum(ops.slice(perClip, [0, 0, 0], [batch, 1, width]), [0]);
    gradients.add(CLASS_TOKEN, token);
    gradients.add(CLASS_POSITION, token);
    perClip = ops.slice(perClip, [0, 1, 0], [batch, patchCount, width]);
  }
  const flatGradient = ops.reshape(perClip, batch * patchCount, width);
  gradients.add(
    `${PROJECTION}.weight`,
    ops.wide(ops.matmul(flatGradient, patches, { transposeLeft: true })),
  );

  const position = ops.reshape(ops.sum(perClip, [0]), timePatches, grid.frequency, width);
  const inTime = ops.padZeros(ops.transpose(ops.sum(position, [1]), 1, 0), [
    [0, 0],
    [0, grid.time - timePatches],
  ]);
  const inFrequency = ops.sum(position, [0]);
  gradients.add(TIME, inTime);
  gradients.add(FREQUENCY, ops.transpose(inFrequency, 1, 0));
  gradients.add(`${PROJECTION}.bias`, ops.sum(inFrequency, [0]));

  const weight = ops.reshape(parameter(`${PROJECTION}.weight`), width, patch * patch);
  const apart = ops.reshape(
    ops.wide(ops.matmul(flatGradient, weight)),
    batch,
    timePatches,
    grid.frequency,
    patch,
    patch,
  );
  return ops.reshape(
    ops.transpose(apart, 0, 1, 4, 2, 3),
    batch,
    timePatches * patch,
    config.n_mels,
  );
}
