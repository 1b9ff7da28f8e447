import { encodeError, type ErrorRecord } from '../../../jobs/process/error-record';
import { ensureClip } from './clip-files';
import type { SplitRecipe } from './recipe';

/** A forked process that renders requested clips, one after the other. It ends with its parent. */

export interface RenderOrder {
  readonly folder: string;
  readonly split: SplitRecipe;
  readonly index: number;
}

export type RenderReply =
  { readonly sha256: string; readonly rendered: boolean } | { readonly error: ErrorRecord };

process.on('message', (order: RenderOrder) => {
  ensureClip(order.folder, order.split, order.index)
    .catch((error: unknown): RenderReply => ({
      error: encodeError(error),
    }))
    .then((reply) => process.send?.(reply))
    .catch(() => process.exit(1));
});
process.on('disconnect', () => process.exit(0));
