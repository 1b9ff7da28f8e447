/**
 * The rows of the table: each a pair of processes that do the same work, and the ratio to reach.
 */
import { MODEL_PRESETS, type ModelConfig, type ModelPreset } from '../ced/model/config';

export interface Job {
  readonly measure: 'train' | 'forward' | 'frontend' | 'loop' | 'floor';
  /**
   * How PyTorch runs: eager; torch.compile with fused attention and Adam; fused attention without
   * compiling.
   */
  readonly variant: 'eager' | 'compile' | 'fused';
  readonly precision: 'float32' | 'bfloat16';
  readonly device: 'cpu' | 'gpu';
  readonly config: ModelConfig;
  readonly batch: number;
  readonly samples: number;
}

export interface Measure {
  readonly name: string;
  readonly group: 'engine' | 'forward' | 'frontend' | 'loop';
  readonly job: Job;
  /** Our time over theirs, at most. */
  readonly goal: number;
  /** `ours`: the bare step instead of PyTorch. */
  readonly against: 'pytorch' | 'ours';
}

const CLIP_SAMPLES = 160_000;

export function measures(
  models: readonly ModelPreset[],
  batch: number,
  device: Job['device'],
): Measure[] {
  const job = (model: ModelPreset, fields: Partial<Job>): Job => ({
    measure: 'train',
    variant: 'eager',
    precision: 'float32',
    device,
    config: MODEL_PRESETS[model],
    batch,
    samples: CLIP_SAMPLES,
    ...fields,
  });
  const each = (describe: (model: ModelPreset) => Measure[]): Measure[] => models.flatMap(describe);
  const few = Math.min(batch, 8);
  return [
    ...each((model) => [
      row('engine', `step ${model}, PyTorch eager`, job(model, {}), 0.8),
      row('engine', `step ${model}, torch.compile`, job(model, { variant: 'compile' }), 0.85),
      row(
        'engine',
        `step ${model} bf16, autocast`,
        job(model, { variant: 'fused', precision: 'bfloat16' }),
        0.9,
      ),
      row(
        'forward',
        `forward ${model}, SDPA`,
        job(model, { measure: 'forward', variant: 'fused', batch: few }),
        0.85,
      ),
      {
        ...row('loop', `loop ${model}, bare step`, job(model, { measure: 'loop' }), 1.05),
        against: 'ours',
      },
    ]),
    row('frontend', 'log-mel', job('tiny', { measure: 'frontend' }), 1),
  ];
}

function row(group: Measure['group'], name: string, job: Job, goal: number): Measure {
  return { group, name: `${name}, batch ${job.batch}`, job, goal, against: 'pytorch' };
}
