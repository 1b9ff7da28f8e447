/** Draws of a fuzzer: the same for the same key and number, on every machine. */
import { philox, uniform, type PhiloxKey } from '../../ced/augment/random';

export class Draws {
  private drawn = 0;

  constructor(
    private readonly key: PhiloxKey,
    private readonly number: number,
  ) {}

  /** In [0, 1). */
  uniform(): number {
    return uniform(philox(this.key, [this.drawn++, this.number, 0, 0])[0]);
  }

  /** From 0 to bound − 1. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('there is nothing to draw from');
    return items[this.below(items.length)] as T;
  }
}
