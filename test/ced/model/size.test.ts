import { MODEL_PRESETS, modelConfigSchema } from '../../../ced/model/config';
import { forwardOperations, operationsPerSecond } from '../../../ced/model/operations';
import { parameterCount, parameterSpecs } from '../../../ced/model/parameters';
import { weightBytes } from '../../../ced/model/weight-bytes';
import { onnxModel } from '../../../ced/onnx/model-graph';
import { elementCount } from '../../../ced/engine/tensor';

describe('the operations of a model', () => {
  it('are 3.3 GFLOP for ten seconds of CED-tiny, as measured elsewhere', () => {
    expect(forwardOperations(MODEL_PRESETS.tiny, 10) / 1e9).toBeCloseTo(3.3, 0);
  });

  it('are those of its pieces where a chunk is longer than its positions', () => {
    const short = { ...MODEL_PRESETS.tiny, target_length: 512 };
    // 1,008 frames are a piece of 512 and one of 496; attention grows with the square of a piece.
    expect(forwardOperations(short, 10.07)).toBeCloseTo(
      forwardOperations(short, 5.11) + forwardOperations(short, 4.95),
      -3,
    );
    expect(forwardOperations(short, 10.07)).toBeLessThan(
      forwardOperations(MODEL_PRESETS.tiny, 10.07),
    );
    expect(operationsPerSecond(short, 5)).toBe(forwardOperations(short, 5) / 5);
  });

  it('are none for a chunk shorter than a patch', () => {
    expect(forwardOperations(MODEL_PRESETS.tiny, 0.1)).toBe(0);
  });
});

describe('the bytes of a model', () => {
  const config = modelConfigSchema.parse({
    ...{ embed_dim: 64, depth: 3, num_heads: 4, outputdim: 10, target_length: 112 },
  });
  const weights = new Map(
    parameterSpecs(config).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(elementCount(shape)).fill(0.01) },
    ]),
  );
  const sizeIn = (precision: 'float32' | 'int8'): number =>
    onnxModel(config, weights, { precision }).length;

  it('are four a parameter in float32, running statistics included', () => {
    expect(weightBytes(config, 'float32')).toBe(4 * (parameterCount(config) + 2 * config.n_mels));
  });

  it('differ between the precisions as the exported files do, but for their nodes', () => {
    const expected = weightBytes(config, 'float32') - weightBytes(config, 'int8');
    const found = sizeIn('float32') - sizeIn('int8');
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.05);
  });
});
