/**
 * Audio to masked spectrograms inside the engine. The spectrograms of the batch given last are
 * kept: several models that predict the same batch in turn (an ensemble of teachers) share them,
 * and the front end runs once.
 */
import { frameCount, framesOfPatchGroup } from '../audio/frames';
import {
  logMel,
  logMelInPieces,
  logMelOfLengths,
  pcmTensor,
  reflectedSamples,
} from '../audio/log-mel';
import { reflectedClips } from '../audio/reflected-clips';
import { runBranchedCalls, type BranchedCalls } from '../engine/calls';
import { wholeBranchRows, withRows } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { TracedFunction } from '../engine/function-registry';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { PredictionInput } from './prediction-input';
import { applyMasks, masksTensor } from './spectrogram-masks';

const frontEnds = new WeakMap<Engine, FrontEnd>();

export class FrontEnd {
  private latest: { readonly input: PredictionInput; readonly spectrogram: Tensor } | null = null;

  private constructor(private readonly engine: Engine) {}

  /** The front end that all models of this engine share. */
  static of(engine: Engine): FrontEnd {
    const known = frontEnds.get(engine) ?? new FrontEnd(engine);
    frontEnds.set(engine, known);
    return known;
  }

  /** As `logMelCalls`. */
  logMel(input: PredictionInput, mels: number): Tensor {
    return runBranchedCalls(this.engine, this.logMelCalls(input, mels));
  }

  /**
   * dB, masked, [batch, frames, mels]; belongs to the front end and lives until the next call.
   * Where lengths differ, a clip's row goes on after its own frames, to the most frames that clips
   * with as many whole patches as the longest can have. The same object with the same number of
   * mels is not computed again, so its content must not have changed.
   */
  *logMelCalls(input: PredictionInput, mels: number): BranchedCalls<Tensor> {
    if (this.latest?.input === input && this.latest.spectrogram.shape[2] === mels)
      return this.latest.spectrogram;
    this.forget();
    const spectrogram =
      input.lengths === undefined
        ? yield* this.ofOneLength(input, mels)
        : yield* this.ofLengths(input, input.lengths, mels);
    this.latest = { input, spectrogram };
    return spectrogram;
  }

  forget(): void {
    if (this.latest !== null) this.engine.free(this.latest.spectrogram);
    this.latest = null;
  }

  private *ofOneLength(
    { pcm, batch, samples, masks }: PredictionInput,
    mels: number,
  ): BranchedCalls<Tensor> {
    const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
    if (masks !== null) specs.push({ dtype: 'float32', shape: [batch, 4] });
    const key = `front end ${mels} ${samples} ${masks !== null}`;
    const { device } = this.engine.kind;
    const rows = wholeBranchRows(batch, device);
    const traced =
      rows === null
        ? this.engine.defineForAnyRows(key, specs, [], 'float32', (ops, [bytes, spans]) => [
            masked(ops, logMel(ops, bytes as Tensor, mels), spans),
          ])
        : this.engine.define(
            `${key} ${rows}`,
            specs.map((spec) => withRows(spec, rows)),
            'float32',
            (ops, [bytes, spans]) => [
              masked(ops, logMelInPieces(ops, bytes as Tensor, mels, device), spans),
            ],
          );
    return yield* this.call(traced, [pcmTensor(this.engine, pcm, batch, samples)], masks);
  }

  private *ofLengths(
    { pcm, batch, samples, masks }: PredictionInput,
    lengths: Int32Array,
    mels: number,
  ): BranchedCalls<Tensor> {
    const counts = Float32Array.from(lengths, frameCount);
    const frames = framesOfPatchGroup(Math.max(...counts));
    const width = reflectedSamples(frames);
    const specs: ArgumentSpec[] = [
      { dtype: 'uint8', shape: [batch, width, 2] },
      { dtype: 'float32', shape: [batch, 1] },
    ];
    if (masks !== null) specs.push({ dtype: 'float32', shape: [batch, 4] });
    const traced = this.engine.defineForAnyRows(
      `front end ${mels} up to ${frames} frames ${masks !== null}`,
      specs,
      [],
      'float32',
      (ops, [bytes, frameCounts, spans]) => {
        const spectrogram = logMelOfLengths(ops, bytes as Tensor, frameCounts as Tensor, mels);
        return [masked(ops, spectrogram, spans)];
      },
    );
    const reflected = reflectedClips(pcm, samples, lengths, frames);
    const inputs = [
      pcmTensor(this.engine, reflected, batch, width),
      this.engine.tensor(counts, [batch, 1], 'float32'),
    ];
    return yield* this.call(traced, inputs, masks);
  }

  /** Frees the inputs. */
  private *call(
    traced: TracedFunction,
    inputs: readonly Tensor[],
    masks: Int32Array | null,
  ): BranchedCalls<Tensor> {
    const all = [...inputs];
    try {
      if (masks !== null) all.push(masksTensor(this.engine, masks, inputs[0]?.shape[0] as number));
      const [spectrogram] = yield { traced, rowInputs: all, others: [] };
      return spectrogram as Tensor;
    } finally {
      this.engine.free(...all);
    }
  }
}

/** `spans` [batch, 4], undefined for none. */
function masked(ops: Ops, spectrogram: Tensor, spans: Tensor | undefined): Tensor {
  return spans === undefined ? spectrogram : applyMasks(ops, spectrogram, spans);
}
