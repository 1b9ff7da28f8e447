/**
 * A process that trains a small model, alone or as a member of a group: one order at a time by IPC,
 * and an answer to each. Descriptor 4 ends its groups, as in the binding.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { openEngine } from '../../ced/engine/engine';
import { GroupLost, rankOf, type Group } from '../../ced/engine/group';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import type { Weights } from '../../ced/model/weights';
import { Trainer, type TrainerState } from '../../ced/training/trainer';
import type { TrainerOptions } from '../../ced/training/trainer-options';
import type { TrainingBatch } from '../../ced/training/training-batch';

export interface MemberOrder {
  readonly group: Group | null;
  readonly options: TrainerOptions;
  /** Joins the group and takes no step @default false */
  readonly idle?: boolean;
  /** File of the checkpoint, which the first rank writes after each second step. */
  readonly checkpoint: string;
  readonly resume: boolean;
  readonly until: number;
}

export type FromMember =
  | { readonly type: 'ready' }
  | {
      readonly type: 'trained';
      readonly sha256: string;
      readonly loss: number;
      /** Live in TensorFlow, once the trainer is gone. */
      readonly tensors: number;
    }
  | { readonly type: 'lost'; readonly generation: number; readonly why: string };

const CONFIG = modelConfigSchema.parse({
  embed_dim: 96,
  depth: 2,
  num_heads: 2,
  outputdim: 5,
  target_length: 64,
});
const SAMPLES = 8000;
const EVERY = 2;

const engine = openEngine();
engine.endGroupsByDescriptor(4);

/** Each third one is smaller, as the last of an epoch, and has fewer parts than the others. */
function batchAt(step: number): TrainingBatch {
  const batch = step % 3 === 2 ? 5 : 16;
  let state = (step * 2_654_435_761 + 12_345) >>> 0;
  const next = (): number =>
    (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return {
    batch,
    samples: SAMPLES,
    pcm: Int16Array.from({ length: batch * SAMPLES }, () => Math.round(8000 * (next() - 0.5))),
    masks: null,
    targets: Float32Array.from({ length: batch * CONFIG.outputdim }, () => next() ** 4),
    lambda: Float32Array.from({ length: batch }, () => 0.3 * next()),
  };
}

function sha256Of({ weights, adamM, adamV, averages = new Map() }: TrainerState): string {
  const hash = createHash('sha256');
  for (const tensors of [weights, adamM, adamV, averages] satisfies Weights[])
    for (const [name, { data }] of tensors) hash.update(name).update(data);
  return hash.digest('hex');
}

function train(order: MemberOrder): FromMember {
  const { group, options, checkpoint, until } = order;
  if (group !== null)
    try {
      engine.joinGroup(group);
    } catch (error) {
      return lost(error);
    }
  if (order.idle === true) return { type: 'ready' };
  const writes = group === null || rankOf(group) === 0;
  const initial = order.resume
    ? (deserialize(readFileSync(checkpoint)) as TrainerState)
    : initialWeights(CONFIG, 1);
  const trainer = new Trainer(engine, CONFIG, initial, options, group);
  try {
    let loss = NaN;
    while (trainer.steps < until) {
      loss = trainer.step(batchAt(trainer.steps), 1e-3);
      if (writes && trainer.steps % EVERY === 0) {
        writeFileSync(`${checkpoint}.new`, serialize(trainer.snapshot()));
        renameSync(`${checkpoint}.new`, checkpoint);
      }
    }
    const sha256 = sha256Of(trainer.snapshot());
    trainer.dispose();
    return { type: 'trained', sha256, loss, tensors: engine.tensorCount };
  } catch (error) {
    trainer.dispose();
    return lost(error);
  }
}

function lost(error: unknown): FromMember {
  if (!(error instanceof GroupLost)) throw error;
  return { type: 'lost', generation: error.generation, why: error.message };
}

process.on('message', (order: MemberOrder) => {
  process.send?.(train(order));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ type: 'ready' } satisfies FromMember);
