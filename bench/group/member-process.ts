/**
 * An engine process that takes steps alone or as a member of a group: one order at a time by IPC,
 * and an answer to each. argv: options as JSON.
 */
import { createHash } from 'node:crypto';
import { openEngine } from '../../ced/engine/engine';
import type { Group } from '../../ced/engine/group';
import type { Tensor } from '../../ced/engine/tensor';
import { MODEL_PRESETS, modelConfigSchema, type ModelPreset } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { parameterCount } from '../../ced/model/parameters';
import { GradientExchange } from '../../ced/training/gradient-exchange';
import { wholeSubtrees } from '../../ced/training/gradient-tree';
import { Trainer } from '../../ced/training/trainer';

export interface GroupBenchOptions {
  readonly model: ModelPreset;
  readonly batch: number;
  readonly parts: number;
}

/** `exchange`: what a step exchanges, without the rest of it. */
export type BenchOrder =
  | { readonly do: 'join'; readonly group: Group | null }
  | { readonly do: 'step' | 'exchange' | 'hash' };

export interface BenchAnswer {
  readonly ms: number;
  /** Of weights and moments. */
  readonly sha256?: string;
  /** Of one gradient of all parameters. */
  readonly gradientBytes: number;
}

const SAMPLES = 160_000;
const { model, batch, parts } = JSON.parse(process.argv[2] ?? '') as GroupBenchOptions;
const engine = openEngine();
const config = modelConfigSchema.parse({ ...MODEL_PRESETS[model], outputdim: 527 });
const length = parameterCount(config);
const columns = 2 * config.n_mels + 1;
const whole = {
  pcm: Int16Array.from({ length: batch * SAMPLES }, (_, i) => ((i * 7919) % 18_001) - 9000),
  batch,
  samples: SAMPLES,
  masks: null,
  targets: Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 97) / 97),
  lambda: null,
};
let trainer: Trainer;
let exchange: GradientExchange | null = null;

const perform: Record<BenchOrder['do'], (order: BenchOrder) => string | undefined> = {
  join: (order) => {
    const group = 'group' in order ? order.group : null;
    if (group !== null) {
      engine.joinGroup(group);
      exchange = new GradientExchange(engine, group, length, columns);
    }
    const options = { precision: 'float32', parts } as const;
    trainer = new Trainer(engine, config, initialWeights(config, 1), options, group);
    return undefined;
  },
  step: () => void trainer.step(whole, 1e-4),
  exchange: () => {
    if (exchange === null) return undefined;
    const zeros = (extent: number): Tensor =>
      engine.tensor(new Float32Array(extent), [extent], 'float32');
    const own = exchange.owned(parts);
    const { gradient, table } = exchange.run(
      parts,
      wholeSubtrees(own).map(() => zeros(length)),
      Array.from({ length: own.to - own.from }, () => zeros(columns)),
    );
    engine.read(table);
    engine.free(gradient, table);
    return undefined;
  },
  hash: () => {
    const { weights, adamM, adamV } = trainer.snapshot();
    const hash = createHash('sha256');
    for (const tensors of [weights, adamM, adamV])
      for (const { data } of tensors.values()) hash.update(data);
    return hash.digest('hex');
  },
};

process.on('message', (order: BenchOrder) => {
  const startedMs = performance.now();
  const sha256 = perform[order.do](order);
  const answer: BenchAnswer = {
    ms: performance.now() - startedMs,
    ...(sha256 === undefined ? {} : { sha256 }),
    gradientBytes: 4 * length,
  };
  process.send?.(answer);
});
process.on('disconnect', () => process.exit(0));
