/**
 * Training checkpoints: `training/<key>/checkpoints/<step>/{model,adam}.safetensors` and
 * `state.json`, which is written last and holds the SHA-256 of both, and its own. A moving average
 * of the weights is with the moments in `adam.safetensors`. A damaged or incomplete checkpoint is
 * quarantined, and the one before it counts.
 */
import { z } from 'zod';
import type { ModelConfig } from '../../ced/model/config';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights, type Weights } from '../../ced/model/weights';
import type { TrainerState } from '../../ced/training/trainer';
import { layout } from '../layout';
import { createAnew, quarantine } from '../quarantine';
import { decodeRecord, encodeRecord, record, RecordDamaged, type RecordOf } from '../record';
import { readVerified } from '../verified-object';
import { sha256, type Store } from '../store';
import { areBestWeightsVerified } from './best-weights';

export const stateRecord = record(
  'checkpoint state',
  1,
  z.object({
    formatVersion: z.literal(1),
    step: z.number(),
    epoch: z.number(),
    /** Steps of this epoch already done. */
    stepInEpoch: z.number(),
    /** Sum of loss × rows over this epoch's steps, and its rows. */
    lossSum: z.number(),
    lossRows: z.number(),
    best: z.array(
      z.object({
        step: z.number(),
        epoch: z.number(),
        value: z.number(),
        sha256: z.exactOptional(z.string()),
      }),
    ),
    /** Steps at which validation ran. */
    validated: z.array(z.number()),
    rowsTrained: z.number(),
    /** First step that the next metrics segment covers. */
    metricsFrom: z.number(),
    engine: z.object({
      tensorflow: z.string(),
      device: z.enum(['cpu', 'gpu']),
      instructionCap: z.string(),
      gpu: z.exactOptional(z.string()),
      intraOpThreads: z.exactOptional(z.number()),
      numericsVersion: z.number(),
    }),
    /** false after a resume on another kind of machine. */
    bitExact: z.boolean(),
    files: z.object({ model: z.string(), adam: z.string() }),
  }),
);
export type TrainingState = RecordOf<typeof stateRecord>;

export type Progress = Omit<TrainingState, 'formatVersion' | 'files' | 'engine'>;

export async function writeCheckpoint(
  store: Store,
  key: string,
  trainer: TrainerState,
  state: Omit<TrainingState, 'formatVersion' | 'files'>,
): Promise<void> {
  const model = encodeSafetensors(trainer.weights, 'F32');
  const adam = encodeSafetensors(joinMoments(trainer), 'F32');
  const stateKey = layout.checkpoint(key, state.step, 'state.json');
  // Without a state, files of this step belong to no checkpoint.
  const write = (await store.exists(stateKey))
    ? store.create.bind(store)
    : createAnew.bind(null, store);
  await write(layout.checkpoint(key, state.step, 'model.safetensors'), model, { keepCopy: true });
  await write(layout.checkpoint(key, state.step, 'adam.safetensors'), adam, { keepCopy: true });
  const complete: TrainingState = {
    formatVersion: 1,
    ...state,
    files: { model: sha256(model), adam: sha256(adam) },
  };
  await store.create(stateKey, encodeRecord(stateKey, complete));
}

/**
 * The newest checkpoint whose state, files and best weights all verify; null if none does. Newer
 * checkpoints are quarantined.
 */
export async function readLatestCheckpoint(
  store: Store,
  key: string,
  config: ModelConfig,
): Promise<{ state: TrainingState; trainer: TrainerState } | null> {
  for (const step of (await checkpointSteps(store, key)).reverse()) {
    const checkpoint = await readCheckpoint(store, key, step);
    if (checkpoint && (await areBestWeightsVerified(store, key, checkpoint.state.best))) {
      const { state, model, adam } = checkpoint;
      return {
        state,
        trainer: splitMoments(
          loadWeights(config, decodeSafetensors(model)),
          decodeSafetensors(adam),
          state.step,
        ),
      };
    }
    for (const file of FILES) await quarantine(store, layout.checkpoint(key, step, file));
  }
  return null;
}

/** null if the state or a file is missing or does not verify. */
export async function readCheckpoint(
  store: Store,
  key: string,
  step: number,
): Promise<{ state: TrainingState; model: Uint8Array; adam: Uint8Array } | null> {
  const state = await readCheckpointState(store, key, step);
  if (state === null) return null;
  const model = await readVerified(
    store,
    layout.checkpoint(key, step, 'model.safetensors'),
    state.files.model,
  );
  const adam =
    model &&
    (await readVerified(store, layout.checkpoint(key, step, 'adam.safetensors'), state.files.adam));
  return model && adam && { state, model, adam };
}

/** `state.json` first: without it the other files are no checkpoint. */
const FILES = ['state.json', 'model.safetensors', 'adam.safetensors'] as const;

/** null if it is missing, damaged or without a checksum. */
export async function readCheckpointState(
  store: Store,
  trainingKey: string,
  step: number,
): Promise<TrainingState | null> {
  const key = layout.checkpoint(trainingKey, step, 'state.json');
  const bytes = await store.read(key);
  if (bytes === null) return null;
  try {
    const { value, checksummed } = decodeRecord(store, key, stateRecord, bytes);
    return checksummed ? value : null;
  } catch (error) {
    if (error instanceof RecordDamaged) return null;
    throw error;
  }
}

/** Steps that have a state, ascending. */
export async function checkpointSteps(store: Store, key: string): Promise<number[]> {
  const keys = await store.list(layout.checkpoints(key));
  return keys
    .filter((each) => each.endsWith('/state.json'))
    .map((each) => Number(each.split('/').at(-2)));
}

/**
 * Removes checkpoints older than the two newest, and best weights from before those that neither
 * refers to.
 */
export async function pruneCheckpoints(store: Store, key: string): Promise<void> {
  const steps = await checkpointSteps(store, key);
  const [older, newest] = steps.slice(-2);
  if (older === undefined || newest === undefined) return;
  const states = await Promise.all(
    [older, newest].map((step) => readCheckpointState(store, key, step)),
  );
  const referenced = new Set(
    states.flatMap((state) => (state?.best ?? []).map((entry) => layout.best(key, entry.step))),
  );
  for (const step of steps.slice(0, -2))
    for (const file of FILES) await store.remove(layout.checkpoint(key, step, file));
  for (const best of await store.list(`${layout.training(key)}best/`)) {
    const step = Number(/\/(\d+)\.safetensors$/.exec(best)?.[1]);
    if (step < older && !referenced.has(best)) await store.remove(best);
  }
}

function joinMoments(trainer: TrainerState): Weights {
  const joined = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, tensor] of trainer.adamM) joined.set(`m.${name}`, tensor);
  for (const [name, tensor] of trainer.adamV) joined.set(`v.${name}`, tensor);
  for (const [name, tensor] of trainer.averages ?? []) joined.set(`average.${name}`, tensor);
  return joined;
}

function splitMoments(weights: Weights, joined: Weights, step: number): TrainerState {
  const take = (prefix: string): Weights =>
    new Map(
      [...joined]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const averages = take('average.');
  return {
    ...{ weights, adamM: take('m.'), adamV: take('v.'), step },
    ...(averages.size === 0 ? {} : { averages }),
  };
}
