/**
 * A CED model's shape, under the field names of the published checkpoints' `config.json`
 * (https://huggingface.co/mispeech/ced-base). Fields that other tools write into such files are
 * ignored; settings that would change the computation in a way we don't do are refused.
 */
import { z } from 'zod';

const positive = z.number().int().positive();
const MOST_CLASSES = 65_536;
const LONGEST_CLASS_NAME = 512;
/** Four bytes each. */
const MOST_PARAMETERS = 2 ** 30;

export const modelConfigSchema = z
  .object({
    embed_dim: positive.max(4096),
    depth: positive.max(128),
    num_heads: positive.max(128),
    mlp_ratio: z.number().positive().max(16).default(4),
    outputdim: positive.max(MOST_CLASSES),
    n_mels: positive.max(1024).default(64),
    patch_size: positive.max(1024).default(16),
    patch_stride: positive.max(1024).default(16),
    /** Of ten minutes. */
    target_length: positive.max(65_536).default(1012),
    /** How tokens become a prediction: see `head.ts`. */
    pooling: z.enum(['mean', 'logit', 'token', 'dm']).default('mean'),
    id2label: z.record(z.string(), z.string().max(LONGEST_CLASS_NAME)).nullish(),
    qkv_bias: z.literal(true).default(true),
    n_fft: z.literal(512).default(512),
    win_size: z.literal(512).default(512),
    hop_size: z.literal(160).default(160),
    f_min: z.literal(0).default(0),
    f_max: z.literal(8000).nullish(),
    center: z.literal(true).default(true),
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [path], message });
    if (config.embed_dim % config.num_heads !== 0)
      refuse('num_heads', `must divide embed_dim ${config.embed_dim}`);
    if (config.patch_stride !== config.patch_size)
      refuse('patch_stride', 'overlapping patches are not supported: must equal patch_size');
    if (config.n_mels % config.patch_size !== 0)
      refuse('n_mels', `must be a multiple of patch_size ${config.patch_size}`);
    if (config.target_length < config.patch_size)
      refuse('target_length', `must hold at least one patch of ${config.patch_size} frames`);
    if (!Number.isInteger(config.embed_dim * config.mlp_ratio))
      refuse('mlp_ratio', 'times embed_dim must be a whole number');
    if (Object.keys(config.id2label ?? {}).length > MOST_CLASSES)
      refuse('id2label', `must name at most ${MOST_CLASSES} classes`);
    const { embed_dim: width, depth, mlp_ratio: ratio, outputdim, patch_size: patch } = config;
    const positions = (config.target_length + config.n_mels) / patch;
    const parameters =
      depth * (4 + 2 * ratio) * width ** 2 + width * (outputdim + patch ** 2 + positions);
    if (parameters > MOST_PARAMETERS)
      refuse('depth', `gives the model ${parameters} parameters, more than ${MOST_PARAMETERS}`);
  });

export type ModelConfig = z.output<typeof modelConfigSchema>;
export type ModelConfigInput = z.input<typeof modelConfigSchema>;

/** The four models of the paper (table 1), for AudioSet's 527 classes. */
export const MODEL_PRESETS = {
  tiny: modelConfigSchema.parse({ embed_dim: 192, depth: 12, num_heads: 3, outputdim: 527 }),
  mini: modelConfigSchema.parse({ embed_dim: 256, depth: 12, num_heads: 4, outputdim: 527 }),
  small: modelConfigSchema.parse({ embed_dim: 384, depth: 12, num_heads: 6, outputdim: 527 }),
  base: modelConfigSchema.parse({ embed_dim: 768, depth: 12, num_heads: 12, outputdim: 527 }),
} as const;
export type ModelPreset = keyof typeof MODEL_PRESETS;

/** Names of the fields in which an encoder differs from another, with both values. */
export function shapeDifferences(
  config: ModelConfig,
  wanted: Pick<ModelConfig, 'embed_dim' | 'depth' | 'num_heads'>,
): string[] {
  return (['embed_dim', 'depth', 'num_heads'] as const)
    .filter((field) => config[field] !== wanted[field])
    .map((field) => `${field} (${config[field]}, not ${wanted[field]})`);
}
