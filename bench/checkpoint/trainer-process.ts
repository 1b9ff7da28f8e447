/**
 * A training whose steps are timed alone, beside the commit of a checkpoint in its thread, and
 * while they wait for a commit. argv: options as JSON. Prints one line of JSON for each round.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { commitCheckpoint, type UncommittedCheckpoint } from '../../jobs/train/checkpoint-commit';
import { FolderStore } from '../../storage/folder-store';
import { openEngine } from '../../ced/engine/engine';
import { MODEL_PRESETS, modelConfigSchema, type ModelPreset } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { Trainer } from '../../ced/training/trainer';
import { CheckpointThread } from '../../jobs/process/checkpoint-thread';
import { median } from '../table';

export interface CheckpointBenchOptions {
  model: ModelPreset;
  batch: number;
  rounds: number;
  /** Folder for stores; null = the system's folder for temporary files. */
  folder: string | null;
}

export interface Round {
  stepMs: number;
  /** Taking the snapshot and handing it to the thread; steps wait for it. */
  blockedMs: number;
  /** Total delay of the steps beside the commit. */
  slowedMs: number;
  /** From the snapshot to the commit: a kill before the commit loses this time too. */
  commitMs: number;
  /** The same commit with the steps waiting for it. */
  inlineMs: number;
  bytes: number;
}

const STEPS_ALONE = 5;

async function main({
  model,
  batch,
  rounds,
  folder: place,
}: CheckpointBenchOptions): Promise<void> {
  const engine = openEngine();
  const config = modelConfigSchema.parse({ ...MODEL_PRESETS[model], outputdim: 527 });
  const trainer = new Trainer(engine, config, initialWeights(config, 1), { precision: 'float32' });
  const samples = 160_000;
  const pcm = Int16Array.from({ length: batch * samples }, (_, i) => ((i * 7919) % 18_001) - 9000);
  const targets = Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 97) / 97);
  let steps = 0;
  const step = async (): Promise<number> => {
    const startedMs = performance.now();
    trainer.step({ pcm, batch, samples, masks: null, targets, lambda: null }, 1e-4);
    steps++;
    await immediate();
    return performance.now() - startedMs;
  };
  const folder = mkdtempSync(join(place ?? tmpdir(), 'ced-checkpoint-'));
  const thread = new CheckpointThread(
    join(__dirname, '..', '..', 'jobs', 'process', 'commit-thread.js'),
    () => Promise.resolve(),
  );
  const checkpoint = (): UncommittedCheckpoint => ({
    trainingKey: 'bench',
    trainer: trainer.snapshot(),
    state: {
      step: steps,
      epoch: 0,
      stepInEpoch: steps,
      lossSum: 0,
      lossRows: 0,
      best: [],
      validated: [],
      rowsTrained: 0,
      metricsFrom: steps,
      engine: engine.kind,
      bitExact: true,
    },
    segment: { from: 0, to: 0, lines: [] },
  });
  try {
    // The first step traces, the first commit starts the thread.
    await step();
    await thread.commit(join(folder, 'beside'), checkpoint(), () => undefined);
    for (let round = 0; round < rounds; round++) {
      const alone: number[] = [];
      for (let each = 0; each < STEPS_ALONE; each++) alone.push(await step());
      const stepMs = median(alone);

      const startedMs = performance.now();
      let committedMs = 0;
      const committed = thread
        .commit(join(folder, 'beside'), checkpoint(), () => undefined)
        .then(() => (committedMs = performance.now() - startedMs));
      const blockedMs = performance.now() - startedMs;
      const beside: number[] = [];
      while (committedMs === 0) beside.push(await step());
      await committed;

      const inlineStartedMs = performance.now();
      const state = checkpoint();
      await commitCheckpoint(new FolderStore(join(folder, 'inline')), state);
      const inlineMs = performance.now() - inlineStartedMs;
      const slowedMs = beside.reduce((sum, ms) => sum + ms - stepMs, 0);
      const values = [state.trainer.weights, state.trainer.adamM, state.trainer.adamV].flatMap(
        (tensors) => [...tensors.values()],
      );
      const bytes = values.reduce((sum, { data }) => sum + data.byteLength, 0);
      const measured: Round = {
        stepMs,
        blockedMs,
        slowedMs,
        commitMs: committedMs,
        inlineMs,
        bytes,
      };
      process.stdout.write(`${JSON.stringify(measured)}\n`);
    }
  } finally {
    await thread.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main(JSON.parse(process.argv[2] ?? '') as CheckpointBenchOptions);
