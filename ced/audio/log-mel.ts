/**
 * CED's front end in the traced graph: int16 audio to log-mel spectrograms in dB (paper, section
 * 2.1; the numbers of torchaudio's MelSpectrogram and AmplitudeToDB). Differs from the published
 * code in one point: the floor of 120 dB lies below each clip's own peak and not below the batch's,
 * so that a clip's features never depend on its neighbours. Inside the engine a spectrogram is
 * [batch, frames, mels], frames first, because everything downstream works along the mels.
 */
import { frameCount, hopSamples } from './frames';
import { joinedRows, rowsIn, wholeBranchRows } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

export const SAMPLE_RATE_HZ = 16000;
export const WINDOW_SAMPLES = 512;
export const TOP_DB = 120;
export const MINIMUM_POWER = 1e-10;
/** More than the loudest possible frame is above the quietest. */
const BELOW_EVERY_FRAME_DB = 1e4;

/** Triangular HTK filters from 0 to 8000 Hz, [bins, mels]. */
export function melFilters(mels: number): Float32Array {
  const bins = WINDOW_SAMPLES / 2 + 1;
  const nyquistHz = SAMPLE_RATE_HZ / 2;
  const toMel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
  const cornersHz = Array.from(
    { length: mels + 2 },
    (_, i) => 700 * (10 ** ((toMel(nyquistHz) * i) / (mels + 1) / 2595) - 1),
  );
  const filters = new Float32Array(bins * mels);
  for (let mel = 0; mel < mels; mel++) {
    const [low, centre, high] = cornersHz.slice(mel, mel + 3) as [number, number, number];
    for (let bin = 0; bin < bins; bin++) {
      const hz = (bin * nyquistHz) / (bins - 1);
      filters[bin * mels + mel] = Math.max(
        0,
        Math.min((hz - low) / (centre - low), (high - hz) / (high - centre)),
      );
    }
  }
  return filters;
}

/**
 * The periodic Hann window, rounded after each operation as PyTorch's. The last bit matters: 110 dB
 * below a loud tone the rounding of the window is what one sees, and the published models were
 * trained on that.
 */
export function hannWindow(): Float32Array {
  const step = Math.fround((2 * Math.PI) / WINDOW_SAMPLES);
  return Float32Array.from(
    { length: WINDOW_SAMPLES },
    (_, i) => Math.fround(Math.fround(Math.cos(Math.fround(i * step))) * -0.5) + 0.5,
  );
}

const BLOCKS_PER_WINDOW = Math.ceil(WINDOW_SAMPLES / hopSamples);

/**
 * Samples of a reflected clip whose last window is that of its last frame; a multiple of the hop.
 */
export function reflectedSamples(frames: number): number {
  return (frames + BLOCKS_PER_WINDOW - 1) * hopSamples;
}

/** `wave` [batch, samples] mirrored at both ends, [batch, reflectedSamples]. */
function reflect(ops: Ops, wave: Tensor): Tensor {
  const [batch, samples] = wave.shape as [number, number];
  const reflected = ops.padReflected(wave, [
    [0, 0],
    [WINDOW_SAMPLES / 2, WINDOW_SAMPLES / 2],
  ]);
  const needed = reflectedSamples(frameCount(samples));
  const missing = needed - (samples + WINDOW_SAMPLES);
  return missing >= 0
    ? ops.padZeros(reflected, [
        [0, 0],
        [0, missing],
      ])
    : ops.slice(reflected, [0, 0], [batch, needed]);
}

/**
 * Hann windows every hop, [batch, reflectedSamples] to [batch, frames, window], by shifting
 * hop-sized blocks instead of gathering.
 */
function overlappingWindows(ops: Ops, reflected: Tensor): Tensor {
  const [batch, samples] = reflected.shape as [number, number];
  const blockCount = samples / hopSamples;
  const frames = blockCount - BLOCKS_PER_WINDOW + 1;
  const blocks = ops.reshape(reflected, batch, blockCount, hopSamples);
  // int16 to ±1 on the way: exact, as it is a power of two.
  const window = hannWindow().map((weight) => weight / 32768);
  const [windows] = ops.fused([blocks], (inner, [x]) => {
    const parts = Array.from({ length: BLOCKS_PER_WINDOW }, (_, i) => {
      const width = Math.min(hopSamples, WINDOW_SAMPLES - i * hopSamples);
      return inner.slice(x as Tensor, [0, i, 0], [batch, frames, width]);
    });
    return [
      inner.multiply(inner.concat(parts, 2), inner.constant(window, [WINDOW_SAMPLES])),
    ] as const;
  });
  return windows;
}

/** [batch, reflectedSamples] to dB [batch, frames, mels], without the floor. */
function decibelsOf(ops: Ops, reflected: Tensor, mels: number): Tensor {
  const [power] = ops.fused(
    [ops.realFourier(overlappingWindows(ops, reflected))],
    (inner, [spectrum]) => {
      return [
        inner.add(
          inner.square(inner.real(spectrum as Tensor)),
          inner.square(inner.imaginary(spectrum as Tensor)),
        ),
      ] as const;
    },
  );
  const [batch, frames, bins] = power.shape as [number, number, number];
  const filtered = ops.matmulFloat32(
    ops.reshape(power, batch * frames, bins),
    ops.constant(melFilters(mels), [bins, mels]),
  );
  const [decibels] = ops.fused([filtered], (inner, [x]) => {
    return [
      inner.scale(
        inner.log(inner.maximum(x as Tensor, inner.scalar(MINIMUM_POWER))),
        10 / Math.LN10,
      ),
    ] as const;
  });
  return ops.reshape(decibels, batch, frames, mels);
}

/** `peak` [batch, 1, 1] in dB. */
function aboveFloor(ops: Ops, spectrogram: Tensor, peak: Tensor): Tensor {
  return ops.maximum(spectrogram, ops.subtract(peak, ops.scalar(TOP_DB)));
}

/**
 * `pcmBytes` [batch, samples, 2] (uint8, little-endian int16) to dB [batch, frames, mels]. Throws
 * RangeError on clips too short to reflect.
 */
export function logMel(ops: Ops, pcmBytes: Tensor, mels: number): Tensor {
  checkReflectable(pcmBytes.shape[1] as number);
  const wave = ops.cast(ops.bytesToInt16(pcmBytes), 'float32');
  const spectrogram = decibelsOf(ops, reflect(ops, wave), mels);
  return aboveFloor(ops, spectrogram, ops.max(spectrogram, [1, 2], true));
}

/** Clips whose spectrograms are computed together, so that what lies between stays in the cache. */
const PIECE_ROWS = 2;

/** `logMel`, on a CPU a few clips at a time; on a GPU that would start more kernels. */
export function logMelInPieces(
  ops: Ops,
  pcmBytes: Tensor,
  mels: number,
  device: 'cpu' | 'gpu',
): Tensor {
  if (device === 'gpu') return logMel(ops, pcmBytes, mels);
  const [batch = 0] = pcmBytes.shape;
  const pieces: Tensor[] = [];
  for (let from = 0; from < batch; from += PIECE_ROWS) {
    const rows = { from, to: Math.min(batch, from + PIECE_ROWS) };
    pieces.push(logMel(ops, rowsIn(ops, pcmBytes, [rows]), mels));
  }
  return joinedRows(ops, pieces);
}

/**
 * The same of clips of different lengths: `reflectedBytes` [batch, reflectedSamples, 2] as
 * `reflectedClips` makes them, `frameCounts` [batch, 1] the frames of each clip. These frames are
 * what `logMel` gives for the clip alone; the frames after them mean nothing.
 */
export function logMelOfLengths(
  ops: Ops,
  reflectedBytes: Tensor,
  frameCounts: Tensor,
  mels: number,
): Tensor {
  const reflected = ops.cast(ops.bytesToInt16(reflectedBytes), 'float32');
  const spectrogram = decibelsOf(ops, reflected, mels);
  const [batch, frames] = spectrogram.shape as [number, number, number];
  const position = ops.constant(
    Float32Array.from({ length: frames }, (_, frame) => frame),
    [1, frames],
  );
  const beyond = ops.scale(ops.greaterEqual(position, frameCounts), BELOW_EVERY_FRAME_DB);
  const peak = ops.max(ops.subtract(ops.max(spectrogram, [2]), beyond), [1], true);
  return aboveFloor(ops, spectrogram, ops.reshape(peak, batch, 1, 1));
}

export function checkReflectable(samples: number): void {
  if (samples <= WINDOW_SAMPLES / 2)
    throw new RangeError(
      `a clip of ${samples} samples is shorter than half a window (${WINDOW_SAMPLES / 2} samples)`,
    );
}

/**
 * PCM as the engine takes it in: the same bytes, [batch, samples, 2]. The caller frees the tensor.
 */
export function pcmTensor(engine: Engine, pcm: Int16Array, batch: number, samples: number): Tensor {
  if (pcm.length !== batch * samples)
    throw new RangeError(`${pcm.length} samples given for ${batch} × ${samples}`);
  return engine.tensor(
    new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength),
    [batch, samples, 2],
    'uint8',
  );
}

/** The front end alone. */
export class LogMel {
  constructor(
    private readonly engine: Engine,
    private readonly mels = 64,
  ) {}

  /** PCM [batch, samples] to dB [batch, mels, frames]. */
  compute(pcm: Int16Array, batch: number, samples: number): Float32Array {
    const { device } = this.engine.kind;
    const rows = wholeBranchRows(batch, device);
    const spec = { dtype: 'uint8', shape: [rows ?? batch, samples, 2] } as const;
    const traced = this.engine.define(
      `log-mel ${this.mels} ${spec.shape}`,
      [spec],
      'float32',
      (ops, [bytes]) => [
        ops.transpose(logMelInPieces(ops, bytes as Tensor, this.mels, device), 0, 2, 1),
      ],
    );
    const input = pcmTensor(this.engine, pcm, batch, samples);
    const outputs =
      rows === null
        ? this.engine.call(traced, [input])
        : this.engine.callInBranches(traced, [input], []);
    const decibels = this.engine.read(outputs[0] as Tensor);
    this.engine.free(input, ...outputs);
    return decibels;
  }
}
