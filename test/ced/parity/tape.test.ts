import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { parameterSpecs } from '../../../ced/model/parameters';
import { allWays, type LossAndGradients } from './loss-and-gradients';
import { relativeError } from './reference-vectors';
import { tapeGradients } from './tape-statement';

const [batch, frames, classes] = [3, 70, 5];
const wobble = (length: number, scale: number, offset: number): Float32Array =>
  Float32Array.from(
    { length },
    (_, i) => offset + scale * Math.sin(i * 0.7 + Math.cos(i * i * 0.13)),
  );
const mixed = {
  spectrogram: { shape: [batch, 64, frames], data: wobble(batch * 64 * frames, 30, -40) },
  targets: {
    shape: [batch, classes],
    data: Float32Array.from({ length: batch * classes }, (_, i) => ((i * 7) % 11) / 11),
  },
  lambda: { shape: [batch], data: Float32Array.of(0.2, 0.35, 0.6) },
};

describe.each(['mean', 'logit', 'token', 'dm'] as const)(
  "tfjs's tape, pooling by %s,",
  (pooling) => {
    const config = modelConfigSchema.parse({
      embed_dim: 24,
      depth: 2,
      num_heads: 3,
      outputdim: classes,
      target_length: 96,
      pooling,
    });
    // Fresh gains are one and fresh shifts zero: moved away from that, they cannot hide in one
    // another.
    const weights = new Map(
      [...initialWeights(config, 5)].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((value, i) => value + 0.1 * Math.sin(i + name.length)) },
      ]),
    );
    const names = parameterSpecs(config)
      .filter(({ trained }) => trained)
      .map(({ name }) => name);
    let tape: LossAndGradients;
    beforeAll(async () => {
      tape = await tapeGradients(config, weights, mixed);
    });

    it.each(allWays)('agrees with our loss and every gradient %s', (_, compute) => {
      const ours = compute(config, weights, mixed);
      expect(ours.loss).toBeCloseTo(tape.loss, 6);
      const errors = names.map(
        (name) =>
          [name, relativeError(ours.gradients.get(name)!, tape.gradients.get(name)!)] as const,
      );
      expect(errors.filter(([, error]) => !(error < 1e-4))).toEqual([]);
    });
  },
);
