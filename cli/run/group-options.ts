/** Options of `ced plan` that describe several workers. */
import { LINK_NAMES, type LinkName } from '../../ced/training/group-cost';
import { amount, count, oneOf, type Options, type Values } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';

export const groupOptions = {
  workers: {
    value: 'N',
    is: count,
    help:
      'estimate the run on N workers, which train each model together: time, efficiency and ' +
      'what limits it, bytes between them; each needs at least N parts',
  },
  link: {
    value: 'L',
    is: oneOf(...LINK_NAMES),
    default: '100Gb/s' satisfies LinkName,
    help: `with --workers: what joins them: ${LINK_NAMES.join(', ')}`,
  },
  memory: {
    value: 'GB/S',
    is: amount,
    default: 300,
    help: "with --workers: what the memory of one moves; 300 are an NVIDIA L4's",
  },
  price: {
    value: 'MONEY',
    is: amount,
    help: 'with --workers: of one for an hour, in any currency',
  },
} as const satisfies Options;

export interface GroupOptions {
  workers: number;
  link: LinkName;
  /** What the memory of a worker moves, in 10^9 bytes a second. */
  memoryGigabytes: number;
  /** Of a worker for an hour; null where it is not known. */
  price: number | null;
}

/** @returns null for one worker. @throws {UsageError} for a price without workers */
export function groupOf({
  workers,
  link,
  memory,
  price,
}: Values<typeof groupOptions>): GroupOptions | null {
  if (workers !== undefined)
    return { workers, link, memoryGigabytes: memory, price: price ?? null };
  if (price !== undefined) throw new UsageError('--price goes with --workers');
  return null;
}
