/**
 * Audio to masked spectrograms inside the engine. The spectrograms of the batch given last are
 * kept: several models that hear one batch after the other (an ensemble of teachers) share them,
 * and the front end runs once.
 */
import { logMel, pcmTensor } from '../audio/log-mel';
import type { Engine } from '../engine/engine';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import { applyMasks, masksTensor } from './spectrogram-masks';

export interface PredictionInput {
  /** [batch, samples] at 16 kHz. */
  readonly pcm: Int16Array;
  readonly batch: number;
  readonly samples: number;
  /** [batch, 4] as for training, null for none. */
  readonly masks: Int32Array | null;
}

const frontEnds = new WeakMap<Engine, FrontEnd>();

export class FrontEnd {
  private latest: { readonly input: PredictionInput; readonly spectrogram: Tensor } | null = null;

  private constructor(private readonly engine: Engine) {}

  /** The one that all models of this engine share. */
  static of(engine: Engine): FrontEnd {
    const known = frontEnds.get(engine) ?? new FrontEnd(engine);
    frontEnds.set(engine, known);
    return known;
  }

  /**
   * dB, masked, [batch, frames, mels]; belongs to the front end and lives until the next call. The
   * same object with the same number of mels is not computed again, so what it refers to must not
   * have changed.
   */
  hear(input: PredictionInput, mels: number): Tensor {
    if (this.latest?.input === input && this.latest.spectrogram.shape[2] === mels)
      return this.latest.spectrogram;
    this.forget();
    const spectrogram = this.compute(input, mels);
    this.latest = { input, spectrogram };
    return spectrogram;
  }

  forget(): void {
    if (this.latest !== null) this.engine.free(this.latest.spectrogram);
    this.latest = null;
  }

  private compute({ pcm, batch, samples, masks }: PredictionInput, mels: number): Tensor {
    const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
    if (masks !== null) specs.push({ dtype: 'float32', shape: [batch, 4] });
    const traced = this.engine.define(
      `front end ${mels} ${batch} ${samples} ${masks !== null}`,
      specs,
      'float32',
      (ops, [bytes, spans]) => {
        const spectrogram = logMel(ops, bytes as Tensor, mels);
        return [spans === undefined ? spectrogram : applyMasks(ops, spectrogram, spans)];
      },
    );
    const inputs = [pcmTensor(this.engine, pcm, batch, samples)];
    try {
      if (masks !== null) inputs.push(masksTensor(this.engine, masks, batch));
      return this.engine.call(traced, inputs)[0] as Tensor;
    } finally {
      this.engine.free(...inputs);
    }
  }
}
