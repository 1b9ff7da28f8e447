import { frameCount } from '../../../ced/audio/frames';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { transferFrom, transferredWeights } from '../../../ced/model/transfer';
import { loadWeights } from '../../../ced/model/weights';
import { modelConfig } from '../../../ced/model/shaped-config';

const vocabulary = ['Bell', 'Horn', 'Rain'].map((name) => ({ mid: '', name }));
const checkpoint = modelConfigSchema.parse({
  ...{ embed_dim: 8, depth: 1, num_heads: 2, target_length: 112, outputdim: 2 },
  id2label: { 0: 'Rain', 1: 'Dog' },
});
const weights = initialWeights(checkpoint, 1);
const framesOf = (seconds: number): number => frameCount(seconds * 16_000);

describe('what a model takes over', () => {
  it('fits the length and the classes of its run', () => {
    const transfer = transferFrom(checkpoint, vocabulary, framesOf(2));
    expect(transfer).toMatchObject({
      config: { target_length: 208, outputdim: 3, id2label: { 0: 'Bell', 1: 'Horn', 2: 'Rain' } },
      head: [-1, -1, 0],
      classesTaken: 1,
      positions: { from: 7, to: 13 },
    });
    const started = transferredWeights(weights, transfer, 5);
    expect(() => loadWeights(transfer.config, started)).not.toThrow();
    expect(started.get('encoder.time_pos_embed')!.shape).toEqual([1, 8, 1, 13]);
    for (const [name, tensor] of weights)
      if (name !== 'encoder.time_pos_embed' && !name.startsWith('outputlayer.1.'))
        expect(started.get(name)).toBe(tensor);
  });

  it('is stretched as a checkpoint of another length is when it is read', () => {
    const transfer = transferFrom(checkpoint, vocabulary, framesOf(2));
    const longer = { ...checkpoint, target_length: 208 };
    const name = 'encoder.time_pos_embed';
    expect(transferredWeights(weights, transfer, 5).get(name)).toEqual(
      loadWeights(longer, weights).get(name),
    );
  });

  it('is the whole checkpoint for its own classes and chunks that are no longer', () => {
    const own = [
      { mid: '', name: 'Rain' },
      { mid: '', name: 'Dog' },
    ];
    const transfer = transferFrom(checkpoint, own, framesOf(0.5));
    expect(transfer).toEqual({ config: checkpoint, head: null, classesTaken: 2, positions: null });
    expect(transferredWeights(weights, transfer, 5)).toBe(weights);
  });

  it('starts other classes from the seed alone', () => {
    const rows = (seed: number): number[] => [
      ...transferredWeights(weights, transferFrom(checkpoint, vocabulary, 100), seed).get(
        'outputlayer.1.weight',
      )!.data,
    ];
    expect(rows(5)).toEqual(rows(5));
    expect(rows(5).slice(0, 16)).not.toEqual(rows(6).slice(0, 16));
    expect(rows(5).slice(16)).toEqual(rows(6).slice(16));
  });
});

describe('a model of a published size', () => {
  it('has positions for chunks longer than ten seconds, and else the published ones', () => {
    expect(modelConfig('tiny', 10, vocabulary).target_length).toBe(1012);
    expect(modelConfig('tiny', 30, vocabulary).target_length).toBe(3008);
  });
});
