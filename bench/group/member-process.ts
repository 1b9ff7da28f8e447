/**
 * An engine process that takes steps alone or as a member of a group: one order at a time by IPC,
 * and an answer to each. argv: what it trains, as JSON.
 */
import { createHash } from 'node:crypto';
import { runCalls } from '../../ced/engine/calls';
import { openEngine } from '../../ced/engine/engine';
import type { EngineKind } from '../../ced/engine/environment';
import type { Group } from '../../ced/engine/group';
import type { Tensor } from '../../ced/engine/tensor';
import { MODEL_PRESETS, modelConfigSchema, type ModelPreset } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { GradientExchange } from '../../ced/training/gradient-exchange';
import { wholeSubtrees } from '../../ced/training/gradient-tree';
import { Trainer } from '../../ced/training/trainer';

export interface GroupBenchOptions {
  readonly model: ModelPreset;
  readonly batch: number;
  readonly parts: number;
}

/** What a step exchanges. */
export interface ExchangeShape {
  readonly parts: number;
  /** Elements of the gradient. */
  readonly length: number;
  /** Of a part's row. */
  readonly columns: number;
}

/** `exchange`: what was prepared by the order before, without the rest of a step. */
export type BenchOrder =
  | { readonly do: 'join'; readonly group: Group | null }
  | { readonly do: 'prepare'; readonly shape: ExchangeShape }
  | { readonly do: 'step' | 'exchange' | 'hash' };

export interface BenchAnswer {
  readonly ms: number;
  /** Of weights and moments; for the order `hash`. */
  readonly sha256?: string;
  readonly device: EngineKind['device'];
}

const SAMPLES = 160_000;
const { model, batch, parts } = JSON.parse(process.argv[2] ?? '') as GroupBenchOptions;
const engine = openEngine();
const config = modelConfigSchema.parse({ ...MODEL_PRESETS[model], outputdim: 527 });
const whole = {
  pcm: Int16Array.from({ length: batch * SAMPLES }, (_, i) => ((i * 7919) % 18_001) - 9000),
  batch,
  samples: SAMPLES,
  masks: null,
  targets: Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 97) / 97),
  lambda: null,
};
let group: Group | null = null;
let trainer: Trainer | null = null;
let prepared: (() => void) | null = null;

function join(joined: Group | null): void {
  group = joined;
  if (group !== null) engine.joinGroup(group);
}

/** Made for the first step, since a group must be joined before. */
function ownTrainer(): Trainer {
  const options = { precision: 'float32', parts } as const;
  trainer ??= new Trainer(engine, config, initialWeights(config, 1), options, group);
  return trainer;
}

function prepare(shape: ExchangeShape): void {
  if (group === null) throw new Error('a process alone exchanges nothing');
  const exchange = new GradientExchange(engine, group, shape.length, shape.columns);
  const own = exchange.owned(shape.parts);
  const zeros = (extent: number): Tensor =>
    engine.tensor(new Float32Array(extent), [extent], 'float32');
  const sums = wholeSubtrees(own).map(() => zeros(shape.length));
  const rows = Array.from({ length: own.to - own.from }, () => zeros(shape.columns));
  prepared = () => {
    const { gradient, table } = runCalls(engine, exchange.calls(shape.parts, sums, rows));
    engine.read(table);
    engine.free(gradient, table);
  };
}

function hash(): string {
  const { weights, adamM, adamV } = ownTrainer().snapshot();
  const digest = createHash('sha256');
  for (const tensors of [weights, adamM, adamV])
    for (const { data } of tensors.values()) digest.update(data);
  return digest.digest('hex');
}

function perform(order: BenchOrder): string | undefined {
  if (order.do === 'join') join(order.group);
  if (order.do === 'prepare') prepare(order.shape);
  if (order.do === 'step') ownTrainer().step(whole, 1e-4);
  if (order.do === 'exchange') prepared?.();
  return order.do === 'hash' ? hash() : undefined;
}

process.on('message', (order: BenchOrder) => {
  const startedMs = performance.now();
  const sha256 = perform(order);
  const answer: BenchAnswer = {
    ms: performance.now() - startedMs,
    ...(sha256 === undefined ? {} : { sha256 }),
    device: engine.kind.device,
  };
  process.send?.(answer);
});
process.on('disconnect', () => process.exit(0));
