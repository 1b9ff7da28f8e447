import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import { microBatchRows } from '../../../ced/training/micro-batches';
import { Trainer, type TrainerState } from '../../../ced/training/trainer';
import type { TrainingBatch } from '../../../ced/training/training-batch';

const engine = openEngine();
const config = modelConfigSchema.parse({
  embed_dim: 32,
  depth: 2,
  num_heads: 2,
  outputdim: 5,
  target_length: 64,
});
const samples = 8000;

/** The rows have the audio `clips`; targets, masks and mixup weights differ from row to row. */
function batchOf(clips: readonly number[], seed = 0): TrainingBatch {
  const batch = clips.length;
  const wave = (clip: number, i: number): number =>
    6000 * Math.sin(i * 0.03 * (1 + clip)) + (((i * 7919 + clip) % 601) - 300);
  return {
    batch,
    samples,
    pcm: Int16Array.from({ length: batch * samples }, (_, i) =>
      wave(clips[Math.floor(i / samples)]!, i % samples),
    ),
    masks: null,
    targets: Float32Array.from({ length: batch * 5 }, (_, i) => ((i * 17 + seed) % 10) / 10),
    lambda: new Float32Array(batch),
  };
}

function train(
  batches: readonly TrainingBatch[],
  parts: number,
  from?: TrainerState,
): { losses: number[]; state: TrainerState } {
  const trainer = new Trainer(engine, config, from ?? initialWeights(config, 5), {
    precision: 'float32',
    parts,
  });
  const losses = batches.map((batch) => trainer.step(batch, 1e-3));
  const state = trainer.snapshot();
  trainer.dispose();
  return { losses, state };
}

const bytes = ({ weights, adamM, adamV, step }: TrainerState): string =>
  [weights, adamM, adamV]
    .map((tensors) => Buffer.from(encodeSafetensors(tensors)).toString('base64'))
    .join() + step;

describe('a step in micro-batches', () => {
  // Both halves hold the same clips, mixed alike, so that batch norm's statistics are those of the
  // whole; the targets are all different.
  const lambda = Float32Array.of(0.3, 0.3, 0.3, 0.3);
  const whole: TrainingBatch = { ...batchOf([0, 0, 3, 3]), lambda };

  it("has the whole batch's loss and gradient", () => {
    const [one, two] = [train([whole], 1), train([whole], 2)];
    expect(two.losses[0]).toBeCloseTo(one.losses[0]!, 5);
    // Adam's first moment after one step is a tenth of the gradient.
    for (const [name, { data }] of one.state.adamM) {
      const scale = Math.max(...data.map(Math.abs));
      const other = two.state.adamM.get(name)!.data;
      data.forEach((value, i) =>
        expect(Math.abs(other[i]! - value)).toBeLessThan(1e-4 * scale + 1e-9),
      );
    }
    expect(two.state.step).toBe(1);
  });

  it('weighs parts of unequal size by their clips', () => {
    const clips = [2, 2, 2, 2, 2, 2];
    const [one, two] = [train([batchOf(clips)], 1), train([batchOf(clips)], 2)];
    expect(microBatchRows(6, 2).map((rows) => rows.length)).toEqual([2, 4]);
    expect(two.losses[0]).toBeCloseTo(one.losses[0]!, 5);
  });

  it('continues a snapshot bit for bit', () => {
    const batches = Array.from({ length: 6 }, (_, index) => batchOf([0, 1, 2, 3, index], index));
    const all = train(batches, 3);
    const half = train(batches.slice(0, 2), 3);
    const rest = train(batches.slice(2), 3, half.state);
    expect([...half.losses, ...rest.losses]).toEqual(all.losses);
    expect(bytes(rest.state) === bytes(all.state)).toBe(true);
  });

  it('keeps no tensors', () => {
    const before = engine.tensorCount;
    train([whole, whole], 2);
    expect(engine.tensorCount).toBe(before);
  });
});

describe('the rows of a micro-batch', () => {
  it('are all there once, each with the one it is mixed with', () => {
    for (const [batch, count] of [
      [8, 2],
      [7, 3],
      [1, 4],
      [5, 5],
      [128, 8],
    ] as const) {
      const parts = microBatchRows(batch, count);
      expect(parts.length).toBeLessThanOrEqual(count);
      expect(parts.flat().sort((a, b) => a - b)).toEqual(
        Array.from({ length: batch }, (_, row) => row),
      );
      for (const rows of parts)
        expect([...rows].reverse()).toEqual(rows.map((row) => batch - 1 - row));
    }
  });
});
