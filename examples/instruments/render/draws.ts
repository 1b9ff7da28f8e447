import type { PhiloxKey, PhiloxWords } from '../../../ced/augment/random';
import { philox, streamKey, uniform } from '../../../ced/augment/random';

/**
 * Random draws for one purpose of one clip. The stream is a pure function of its name, so clips can
 * be rendered in any order by any number of processes, and a new draw for one purpose does not
 * change the draws for the others.
 */
export class Draws {
  private readonly key: PhiloxKey;
  private words: PhiloxWords = [0, 0, 0, 0];
  private drawn = 0;

  /** @param name for example `(seed, 'train', 17, 'score')` */
  constructor(...name: readonly (string | number)[]) {
    this.key = streamKey('instruments', ...name);
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    const position = this.drawn % 4;
    if (position === 0) this.words = philox(this.key, [this.drawn / 4, 0, 0, 0]);
    this.drawn += 1;
    return low + (high - low) * uniform(this.words[position]!);
  }

  /** Uniform in the logarithm: between 100 and 200 as likely as between 1000 and 2000. */
  logUniform(low: number, high: number): number {
    return low * Math.exp(this.uniform(0, Math.log(high / low)));
  }

  /** Uniform over low, low + 1, …, high. */
  integer(low: number, high: number): number {
    return Math.floor(this.uniform(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.uniform(0, 1) < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** `count` different items, or all of them if there are fewer, in random order. */
  pickSeveral<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    return Array.from(
      { length: Math.min(count, left.length) },
      () => left.splice(this.integer(0, left.length - 1), 1)[0] as T,
    );
  }
}
