/** The checkpoint that a model started from, and what it took over, as a sentence's end. */
import type { TrainedModel } from '../workflows/contract/models';
import { formatCount } from './number-format';

export function startingPoint({
  sha256,
  classes,
  positions,
}: NonNullable<TrainedModel['startedFrom']>): string {
  const head = classes === 0 ? 'a new head' : `the head's rows of ${formatCount(classes)} classes`;
  const stretched = positions
    ? `, its ${positions.from} positions in time interpolated to ${positions.to}`
    : '';
  return `started from models/${sha256.slice(0, 12)}…: its encoder and ${head}${stretched}`;
}
