/** `model`: the shape of a transformer. */
import { z } from 'zod';
import { count } from './field-types';

export const modelSchema = z
  .union([
    z.enum(['tiny', 'mini', 'small', 'base']),
    z.strictObject({
      embedDim: count.describe('Width of the transformer; divisible by `heads`.'),
      depth: count.describe('Number of transformer blocks.'),
      heads: count.describe('Attention heads a block.'),
      mlpRatio: z
        .number()
        .positive()
        .default(4)
        .describe('Hidden width of a block’s MLP over its own width.'),
      pooling: z
        .enum(['mean', 'logit'])
        .default('mean')
        .describe('How patch tokens become one vector (published CED: mean).'),
    }),
  ])
  .describe('tiny 5.5 M, mini 9.6 M, small 22 M, base 86 M parameters, or a shape of your own.');

export type ModelShape = z.output<typeof modelSchema>;

export function divisibleHeads(
  model: z.infer<typeof modelSchema>,
  path: readonly (string | number)[],
  context: z.RefinementCtx,
): void {
  if (typeof model === 'object' && model.embedDim % model.heads !== 0)
    context.addIssue({
      code: 'custom',
      path: [...path, 'model', 'heads'],
      message: `expected a divisor of embedDim = ${model.embedDim}`,
    });
}
