/**
 * Our process of a pair, with the protocol of torch/worker.py: a job in argv, `ready`, then one run
 * and its times for every line on standard input.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogMel } from '../ced/audio/log-mel';
import { masksToInt32, shiftInto } from '../ced/augment/apply';
import { drawMixup } from '../ced/augment/mixup';
import { drawAugmentation, type AugmentConfig } from '../ced/augment/parameters';
import { openEngine } from '../ced/engine/engine';
import { initialWeights } from '../ced/model/initial-weights';
import { Predictor } from '../ced/model/predictor';
import { Trainer } from '../ced/training/trainer';
import type { TrainingBatch } from '../ced/training/training-batch';
import { BatchAhead } from '../jobs/train/batch-ahead';
import { answerLines, sampleOf } from './answered-lines';
import { fastestProducts } from './floor';
import type { Job } from './measures';

const augment: AugmentConfig = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 192 },
  freqMask: { maxBins: 24 },
};
const STORED_CLIPS = 256;

function prepare({ measure, config, batch, samples, precision, device }: Job): () => unknown {
  const engine = openEngine();
  if (engine.kind.device !== device)
    throw new Error(
      `the engine computes on the ${engine.kind.device}, the ${device} is to be measured`,
    );
  if (measure === 'floor') return fastestProducts(engine, precision, availableParallelism());
  const pcm = Int16Array.from({ length: batch * samples }, (_, i) => ((i * 7919) % 18_001) - 9000);
  if (measure === 'frontend') {
    const front = new LogMel(engine);
    return () => front.compute(pcm, batch, samples);
  }
  if (measure === 'forward') {
    const predictor = new Predictor(engine, config, initialWeights(config, 1), { precision });
    return () => predictor.logits({ pcm, batch, samples, masks: null });
  }
  const trainer = new Trainer(engine, config, initialWeights(config, 1), { precision });
  const targets = Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 97) / 97);
  const lambda = Float32Array.from({ length: batch }, (_, i) => i / batch);
  // Like PyTorch's step, the bare step has no masks.
  if (measure === 'train')
    return () => trainer.step({ pcm, batch, samples, masks: null, targets, lambda }, 1e-3);

  const clips = storedClips(samples);
  const batchOf = (step: number): TrainingBatch => {
    const pcm = new Int16Array(batch * samples);
    const own = new Int16Array(samples);
    const drawn = Array.from({ length: batch }, (_, row) => {
      const clip = (step * batch + row * 37) % STORED_CLIPS;
      clips.read(clip, own);
      const parameters = drawAugmentation(
        augment,
        { seed: 1, clipSha256: clip.toString(16), chunk: 0, view: step },
        samples,
      );
      shiftInto(own, parameters.shift, pcm, row * samples);
      return parameters;
    });
    const lambda = drawMixup(0.5, { seed: 1, epoch: 0, step }, batch);
    return { pcm, batch, samples, masks: masksToInt32(drawn), targets, lambda };
  };
  const batches = new BatchAhead(
    { stepsPerEpoch: Infinity, batch: async (_, step) => await Promise.resolve(batchOf(step)) },
    undefined,
    (batch) => trainer.copyAhead(batch),
  );
  let step = 0;
  // As a training's loop.
  return async () => {
    const running = trainer.stepLater(await batches.take(0, step), 1e-3);
    batches.beginNext(0, step++);
    return await running;
  };
}

/** Clips in a file, as in an audio shard. */
function storedClips(samples: number): { read: (clip: number, out: Int16Array) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-'));
  const path = join(folder, 'clips');
  writeFileSync(path, Buffer.alloc(STORED_CLIPS * samples * 2, 'some sound'));
  const file = openSync(path, 'r');
  rmSync(folder, { recursive: true }); // the file stays readable until it is closed
  process.once('exit', () => closeSync(file));
  return { read: (clip, out) => void readSync(file, out, 0, samples * 2, clip * samples * 2) };
}

async function main(): Promise<void> {
  const run = prepare(JSON.parse(process.argv[2] ?? '') as Job);
  await run();
  await run();
  await answerLines(() => sampleOf(run));
}

void main();
