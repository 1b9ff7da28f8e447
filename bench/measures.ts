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

/**
 * On a GPU there are more rows: predictions against PyTorch in each way that it has, bf16 against
 * its compiler with autocast, and the loop in bf16. Where no goal was set it is PyTorch's time.
 */
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
  const isGpu = device === 'gpu';
  const passes = isGpu ? batch : Math.min(batch, 8);
  const bf16 = { precision: 'bfloat16' } as const;
  const step = (name: string, of: Job, goal: number): Measure => row('engine', name, of, goal);
  const forward = (name: string, model: ModelPreset, fields: Partial<Job>, goal: number): Measure =>
    row('forward', name, job(model, { measure: 'forward', batch: passes, ...fields }), goal);
  const loop = (name: string, model: ModelPreset, fields: Partial<Job>): Measure => ({
    ...row('loop', name, job(model, { measure: 'loop', ...fields }), 1.05),
    against: 'ours',
  });
  const onGpu = (...rows: Measure[]): Measure[] => (isGpu ? rows : []);
  return [
    ...each((model) => [
      step(`step ${model}, PyTorch eager`, job(model, {}), 0.8),
      step(`step ${model}, torch.compile`, job(model, { variant: 'compile' }), 0.85),
      step(`step ${model} bf16, autocast`, job(model, { variant: 'fused', ...bf16 }), 0.9),
      ...onGpu(
        step(`step ${model} bf16, compiled`, job(model, { variant: 'compile', ...bf16 }), 1),
        forward(`forward ${model}, PyTorch eager`, model, {}, 1),
        forward(`forward ${model}, torch.compile`, model, { variant: 'compile' }, 1),
        forward(`forward ${model} bf16, autocast`, model, { variant: 'fused', ...bf16 }, 1),
        forward(`forward ${model} bf16, compiled`, model, { variant: 'compile', ...bf16 }, 1),
      ),
      forward(`forward ${model}, SDPA`, model, { variant: 'fused' }, 0.85),
      loop(`loop ${model}, bare step`, model, {}),
      ...onGpu(loop(`loop ${model} bf16, bare step`, model, bf16)),
    ]),
    row('frontend', 'log-mel', job('tiny', { measure: 'frontend' }), 1),
  ];
}

function row(group: Measure['group'], name: string, job: Job, goal: number): Measure {
  return { group, name: `${name}, batch ${job.batch}`, job, goal, against: 'pytorch' };
}
