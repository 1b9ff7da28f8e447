import fc from 'fast-check';
import { frameCount } from '../../../ced/audio/frames';
import { LogMel } from '../../../ced/audio/log-mel';
import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { FrontEnd } from '../../../ced/model/front-end';
import { initialWeights } from '../../../ced/model/initial-weights';
import type { PredictionInput } from '../../../ced/model/prediction-input';
import { Predictor } from '../../../ced/model/predictor';

const engine = openEngine();
const shape = { embed_dim: 32, depth: 2, num_heads: 2, outputdim: 7 };
const configOf = (fields: object): ModelConfig => modelConfigSchema.parse({ ...shape, ...fields });
const predictorOf = (config: ModelConfig): Predictor =>
  new Predictor(engine, config, initialWeights(config, 4), { precision: 'float32' });

/**
 * Quiet, with a loud end that mostly lies in frames that fill no patch: yet it is the peak, and the
 * floor below it hides what the quiet frames have in most bins.
 */
function clip(samples: number, seed: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round((i < samples - 200 ? 2 : 30_000) * Math.sin(i * (0.3 + 0.1 * seed))),
  );
}

function batchOf(clips: readonly Int16Array[], masks: Int32Array | null): PredictionInput {
  const samples = Math.max(...clips.map(({ length }) => length));
  const pcm = new Int16Array(clips.length * samples).fill(-12_345);
  clips.forEach((each, row) => pcm.set(each, row * samples));
  const lengths = Int32Array.from(clips, ({ length }) => length);
  return { pcm, batch: clips.length, samples, lengths, masks };
}

const alone = (pcm: Int16Array, masks: Int32Array | null): PredictionInput => ({
  pcm,
  batch: 1,
  samples: pcm.length,
  masks,
});

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, at) => expect(Math.abs(value - expected[at]!)).toBeLessThan(1e-5));
}

describe('a batch of clips of different lengths', () => {
  it('has the spectrogram of each clip, bit for bit, in the frames that are its own', () => {
    const clips = [2401, 2560, 16_000, 16_159, 31_999, 9873].map(clip);
    const input = batchOf(clips, null);
    const spectrogram = FrontEnd.of(engine).logMel(input, 64);
    const [, frames] = spectrogram.shape as [number, number, number];
    expect(frames % 16).toBe(15);
    const together = engine.read(spectrogram);
    clips.forEach((pcm, row) => {
      // [mels, frames]
      const own = new LogMel(engine).compute(pcm, 1, pcm.length);
      const count = frameCount(pcm.length);
      const found = Float32Array.from(
        own,
        (_, i) => together[(row * frames + (i % count)) * 64 + Math.floor(i / count)]!,
      );
      expect(found).toEqual(own);
    });
    FrontEnd.of(engine).forget();
  });

  it.each([
    ['shorter than the target', { target_length: 208 }],
    ['of several pieces', { target_length: 64 }],
    ['of pieces that end within a patch', { target_length: 75 }],
    ['of pieces whose logits are averaged', { target_length: 75, pooling: 'logit' }],
    ['with a class token', { target_length: 208, pooling: 'token' }],
    ['with small patches', { target_length: 100, patch_size: 8, patch_stride: 8 }],
  ])('%s is scored as each clip is alone, masks included', (_what, fields) => {
    const predictor = predictorOf(configOf(fields));
    const lengths = fc.array(fc.integer({ min: 2400, max: 32_000 }), {
      minLength: 1,
      maxLength: 5,
    });
    const mask = fc.tuple(fc.nat(40), fc.nat(30), fc.nat(40), fc.nat(20));
    fc.assert(
      fc.property(lengths, fc.array(mask, { minLength: 5, maxLength: 5 }), (samples, spans) => {
        const clips = samples.map(clip);
        const masks = samples.map((_, row) => Int32Array.from(spans[row]!));
        const all = Int32Array.from(masks.flatMap((each) => [...each]));
        expectClose(
          predictor.probabilities(batchOf(clips, all)),
          clips.flatMap((pcm, row) => [...predictor.probabilities(alone(pcm, masks[row]!))]),
        );
        expectClose(
          predictor.logits(batchOf(clips, null)),
          clips.flatMap((pcm) => [...predictor.logits(alone(pcm, null))]),
        );
      }),
      { numRuns: 6, seed: 14 },
    );
    predictor.dispose();
  });

  it('registers functions by the number of whole patches, not by length', () => {
    const predictor = predictorOf(configOf({ target_length: 208 }));
    const longest = 32_000;
    const predict = (samples: readonly number[]): Float32Array =>
      predictor.probabilities(batchOf(samples.map(clip), null));
    const before = engine.functionCount;
    for (let samples = 2400; samples < longest; samples += 311) predict([samples]);
    const patchCounts = Math.floor(frameCount(longest) / 16);
    expect(engine.functionCount - before).toBeLessThanOrEqual(2 * patchCounts);
    const [functions, tensors] = [engine.functionCount, engine.tensorCount];
    for (let rows = 1; rows < 9; rows++)
      predict(Array.from({ length: rows }, (_, row) => 16_000 + 211 * row));
    expect([engine.functionCount, engine.tensorCount]).toEqual([functions, tensors]);
    predictor.dispose();
  });

  it('refuses a clip too short for a patch or longer than its row', () => {
    const predictor = predictorOf(configOf({ target_length: 208 }));
    expect(() => predictor.logits(batchOf([clip(16_000, 0), clip(2399, 1)], null))).toThrow(
      /shorter than one patch/,
    );
    const lengths = Int32Array.of(16_001);
    expect(() => predictor.logits({ ...alone(clip(16_000, 0), null), lengths })).toThrow(
      /16001 samples does not fit a row of 16000/,
    );
    predictor.dispose();
  });
});
