import { openEngine, type Engine } from '../../ced/engine/engine';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { Trainer } from '../../ced/training/trainer';
import type { TrainingBatch } from '../../ced/training/training-batch';
import type { TrainingSet } from '../../jobs/train/training-set';
import { TrainingSteps } from '../../jobs/train/training-steps';
import type { Progress } from '../../storage/training/training-checkpoint';
import { teacherTrainingSchema } from '../../workflows/contract/run-file-sections';

const engine = openEngine();
const config = modelConfigSchema.parse({
  ...{ embed_dim: 16, depth: 1, num_heads: 2, outputdim: 3, target_length: 112 },
});
const samples = 8000;

const batchOf = (step: number): TrainingBatch => ({
  ...{ batch: 6, samples, masks: null, lambda: null },
  pcm: Int16Array.from({ length: 6 * samples }, (_, i) => (i * (7919 + step)) % 9001),
  targets: Float32Array.from({ length: 6 * 3 }, (_, i) => ((i + step) % 10) / 10),
});

const FIRST: Progress = {
  ...{ step: 0, epoch: 0, stepInEpoch: 0, lossSum: 0, lossRows: 0, rowsTrained: 0 },
  ...{ best: [], validated: [], metricsFrom: 0, bitExact: true },
};

/** Batches that tell when they are begun and made. A batch takes a turn of the event loop. */
class ToldBatches {
  readonly stepsPerEpoch = 3;
  readonly made = new Map<number, Promise<unknown>>();

  constructor(private readonly tell: (event: string) => void) {}

  batch(_epoch: number, step: number): Promise<TrainingBatch> {
    this.tell(`batch ${step} begun`);
    const making = new Promise<TrainingBatch>((resolve) =>
      setImmediate(() => {
        this.tell(`batch ${step} made`);
        resolve(batchOf(step));
      }),
    );
    this.made.set(step, making);
    return making;
  }
}

/** The engine, whose calls on another thread end after `ready` at the earliest. */
function engineAfter(ready: () => Promise<unknown>): Engine {
  const callLater: Engine['callLater'] = async (traced, inputs) => {
    const running = engine.callLater(traced, inputs);
    await ready();
    return await running;
  };
  return Object.assign(Object.create(engine) as Engine, { callLater });
}

describe('the steps of a training', () => {
  it.each([1, 3])(
    'run while the next batch is made, in %d parts, with the bits of steps that wait',
    async (parts) => {
      const events: string[] = [];
      const data = new ToldBatches((event) => events.push(event));
      const at: Progress = { ...FIRST };
      // A step's calls wait for the next batch: a step that kept the thread would never end.
      const waiting = engineAfter(async () => await data.made.get(at.stepInEpoch + 1));
      const options = { precision: 'float32', parts } as const;
      const trainer = new Trainer(waiting, config, initialWeights(config, 5), options);
      const settings = teacherTrainingSchema.parse({ name: 'student', model: 'tiny', epochs: 1 });
      const training = { settings, data: data as unknown as TrainingSet };
      const steps = new TrainingSteps(() => 0, training, trainer);
      const losses: number[] = [];
      const rates: number[] = [];
      for (let step = 0; step < data.stepsPerEpoch; step++) {
        const { loss, learningRate } = await steps.take(at, (batch) => batch);
        events.push(`step ${step} taken`);
        losses.push(loss);
        rates.push(learningRate);
      }
      expect(events).toEqual([
        ...['batch 0 begun', 'batch 0 made'],
        ...['batch 1 begun', 'batch 1 made', 'step 0 taken'],
        ...['batch 2 begun', 'batch 2 made', 'step 1 taken'],
        'step 2 taken',
      ]);
      const plain = new Trainer(engine, config, initialWeights(config, 5), options);
      expect(rates.map((rate, step) => plain.step(batchOf(step), rate))).toEqual(losses);
      expect(trainer.snapshot()).toEqual(plain.snapshot());
      for (const each of [trainer, plain]) each.dispose();
    },
  );
});
