import { branchCount, branchSizes } from '../../../ced/engine/branches';
import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { parameterSpecs } from '../../../ced/model/parameters';
import { pieceLengths, shortestClipSamples } from '../../../ced/model/pieces';
import { evaluationScores, Predictor } from '../../../ced/model/predictor';
import type { Tensor } from '../../../ced/engine/tensor';

const engine = openEngine();
const config = modelConfigSchema.parse({
  embed_dim: 32,
  depth: 2,
  num_heads: 2,
  outputdim: 5,
  target_length: 64,
});
const predictor = new Predictor(engine, config, initialWeights(config, 4), {
  precision: 'float32',
});
const pcm = (samples: number): Int16Array =>
  Int16Array.from({ length: samples }, (_, i) => 9000 * Math.sin(i * 0.01 + i * i * 1e-6));
const spectrogram = (frames: number): Float32Array =>
  Float32Array.from(
    { length: 64 * frames },
    (_, i) => 20 * Math.sin((i % frames) * 0.3 + Math.floor(i / frames)) - 20,
  );

function span(source: Float32Array, frames: number, start: number, length: number): Float32Array {
  return Float32Array.from(
    { length: 64 * length },
    (_, i) => source[Math.floor(i / length) * frames + start + (i % length)] as number,
  );
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe('the predictor', () => {
  it('averages the pieces of a long clip by their length', () => {
    const frames = 64 + 64 + 20;
    const whole = predictor.logitsOfSpectrogram(spectrogram(frames), 1, frames);
    const pieces = [64, 64, 20].map((length, index) =>
      predictor.logitsOfSpectrogram(
        span(spectrogram(frames), frames, 64 * index, length),
        1,
        length,
      ),
    );
    whole.forEach((logit, cls) => {
      const expected = [64, 64, 20].reduce(
        (sum, length, index) => sum + (length / frames) * sigmoid(pieces[index]?.[cls] as number),
        0,
      );
      expect(sigmoid(logit)).toBeCloseTo(expected, 6);
    });
  });

  it('keeps a full last piece and drops a remainder too short for a patch', () => {
    expect(pieceLengths(128, config)).toEqual([
      { start: 0, length: 64 },
      { start: 64, length: 64 },
    ]);
    expect(pieceLengths(64 + 15, config)).toEqual([{ start: 0, length: 64 }]);
    expect(pieceLengths(64 + 16, config)[1]).toEqual({ start: 64, length: 16 });
  });

  it('gives probabilities that are the sigmoid of its logits', () => {
    const input = { pcm: pcm(8000), batch: 1, samples: 8000, masks: null };
    const probabilities = predictor.probabilities(input);
    predictor
      .logits(input)
      .forEach((logit, cls) => expect(probabilities[cls]).toBeCloseTo(sigmoid(logit), 6));
  });

  it('scores the shortest clip and refuses one sample less', () => {
    const shortest = shortestClipSamples(config);
    expect(
      predictor.logits({ pcm: pcm(shortest), batch: 1, samples: shortest, masks: null }),
    ).toHaveLength(5);
    expect(() =>
      predictor.logits({ pcm: pcm(shortest - 1), batch: 1, samples: shortest - 1, masks: null }),
    ).toThrow(/shorter than one patch/);
  });

  it('sees masks', () => {
    const input = { pcm: pcm(8000), batch: 1, samples: 8000 };
    const logits = predictor.logits({ ...input, masks: null });
    expect(predictor.logits({ ...input, masks: Int32Array.of(7, 0, 3, 0) })).toEqual(logits);
    expect(predictor.logits({ ...input, masks: Int32Array.of(7, 10, 3, 5) })).not.toEqual(logits);
  });

  it('keeps no tensors', () => {
    const before = engine.tensorCount;
    predictor.logits({ pcm: pcm(8000), batch: 1, samples: 8000, masks: null });
    expect(engine.tensorCount).toBe(before);
  });

  it.each(['mean', 'logit', 'token', 'dm'] as const)(
    'with pooling %s needs one function for any number of clips, with the bits of one for each',
    (pooling) => {
      const shape = { ...config, pooling, target_length: 224 };
      const weights = initialWeights(shape, 7);
      const model = new Predictor(engine, shape, weights, { precision: 'float32' });
      const frames = 90;
      const fixed = (rows: number, values: Float32Array): number[] => {
        const tensors = [
          engine.tensor(values, [rows, 64, frames], 'float32'),
          ...parameterSpecs(shape).map(({ name, shape: extents }) =>
            engine.tensor(weights.get(name)!.data, extents, 'float32'),
          ),
        ];
        const traced = engine.define(
          `fixed ${pooling} ${rows}`,
          tensors,
          'float32',
          (ops, [x, ...given]) =>
            evaluationScores(
              ops,
              shape,
              ops.transpose(x!, 0, 2, 1),
              (wanted) => given[parameterSpecs(shape).findIndex(({ name }) => name === wanted)]!,
            ),
          Infinity,
        );
        const outputs = engine.call(traced, tensors) as [Tensor, Tensor];
        const logits = [...engine.read(outputs[0])];
        engine.free(...tensors, ...outputs);
        return logits;
      };
      const several = (rows: number): Float32Array =>
        Float32Array.from({ length: rows * 64 * frames }, (_, i) => 20 * Math.sin(i * i) - 20);
      const first = [...model.logitsOfSpectrogram(several(1), 1, frames)];
      const functions = engine.functionCount;
      const others = [2, 3, 17].map((rows) => [
        ...model.logitsOfSpectrogram(several(rows), rows, frames),
      ]);
      expect(engine.functionCount).toBe(functions);
      // A batch is computed in branches: each has the bits of a function for its own rows.
      const inBranches = (rows: number): number[] => {
        const values = several(rows);
        let from = 0;
        return [...branchSizes(rows, branchCount(rows, engine.kind.device))].flatMap((own) => {
          const part = values.slice(from * 64 * frames, (from + own) * 64 * frames);
          from += own;
          return fixed(own, part);
        });
      };
      expect([first, ...others]).toEqual([1, 2, 3, 17].map(inBranches));
      model.dispose();
    },
  );
});
