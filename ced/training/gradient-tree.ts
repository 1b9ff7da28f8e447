/**
 * The one order in which the gradients of a batch's parts are summed: a binary tree over the parts,
 * the same whichever worker computes which part. Node (level, index) is the sum of the parts
 * [index · 2^level, (index + 1) · 2^level). Where the number of parts is no power of two, the
 * largest whole subtrees that cover them are summed from the right. A worker computes a contiguous
 * range of parts and hands on the largest whole subtrees in it, so no addition changes with the
 * number of workers.
 */
import type { RowRange } from '../engine/branches';

export interface Subtree {
  readonly level: number;
  readonly index: number;
}

export interface SubtreeSum<Value> extends Subtree {
  readonly value: Value;
}

export class GradientTree<Value> {
  private readonly subtrees: SubtreeSum<Value>[] = [];

  /** @param add may free its arguments: each value is added once */
  constructor(private readonly add: (left: Value, right: Value) => Value) {}

  /** Adds a part or a subtree; they come in the order of their parts. */
  push(subtree: SubtreeSum<Value>): void {
    let last = subtree;
    for (;;) {
      const before = this.subtrees.at(-1);
      if (before === undefined || !areSiblings(before, last)) break;
      this.subtrees.pop();
      last = {
        level: last.level + 1,
        index: before.index / 2,
        value: this.add(before.value, last.value),
      };
    }
    this.subtrees.push(last);
  }

  /** Sums of the largest whole subtrees so far, in the order of their parts. */
  sums(): readonly SubtreeSum<Value>[] {
    return this.subtrees;
  }

  /** The sum of all parts, once the last one is there. @throws RangeError without parts */
  total(): Value {
    const [last, ...rest] = [...this.subtrees].reverse();
    if (last === undefined) throw new RangeError('no part was added');
    return rest.reduce((sum, { value }) => this.add(value, sum), last.value);
  }
}

function areSiblings(left: SubtreeSum<unknown>, right: SubtreeSum<unknown>): boolean {
  return left.level === right.level && left.index % 2 === 0 && left.index + 1 === right.index;
}

/** The parts that a worker computes: none where there are more workers than parts. */
export function ownedParts(parts: number, workers: number, rank: number): RowRange {
  return {
    from: Math.floor((rank * parts) / workers),
    to: Math.floor(((rank + 1) * parts) / workers),
  };
}

/** The largest whole subtrees in a range of parts, in order: those whose sums are handed on. */
export function wholeSubtrees({ from, to }: RowRange): readonly Subtree[] {
  const tree = new GradientTree<null>(() => null);
  for (let index = from; index < to; index++) tree.push({ level: 0, index, value: null });
  return tree.sums();
}
