/**
 * How the members of a group get the gradient of a whole batch, each from the parts that it
 * computed. Each cuts its subtrees into slices and sends slice i to rank i, which sums it over the
 * tree and sends the sum to all. So every element is summed once, in the order of `GradientTree`.
 */
import { allToAll, gather, type CollectiveKeys } from '../engine/collectives';
import type { Calls } from '../engine/calls';
import type { Engine } from '../engine/engine';
import type { TracedFunction } from '../engine/function-registry';
import { GroupLost, rankOf, type Group } from '../engine/group';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { exchangeLayout, type ExchangeLayout } from './exchange-layout';
import { GradientTree, ownedParts } from './gradient-tree';
import { float } from './traced-step';

/** A whole batch: the gradient [length], and the rows of all its parts [parts, columns]. */
export interface BatchGradient {
  readonly gradient: Tensor;
  readonly table: Tensor;
}

export class GradientExchange {
  private readonly size: number;
  private readonly rank: number;

  /** @param length elements of the gradient; @param columns of a part's row */
  constructor(
    private readonly engine: Engine,
    private readonly group: Group,
    private readonly length: number,
    private readonly columns: number,
  ) {
    this.size = group.members.length;
    this.rank = rankOf(group);
  }

  /** The parts of a batch that this member computes. */
  owned(parts: number): { from: number; to: number } {
    return ownedParts(parts, this.size, this.rank);
  }

  /**
   * @param own sums of this member's subtrees; @param rows of its parts; both are freed
   * @throws {GroupLost} if a member does not take part
   */
  *calls(parts: number, own: readonly Tensor[], rows: readonly Tensor[]): Calls<BatchGradient> {
    const generation = this.engine.tensor(Int32Array.of(this.group.generation), [], 'int32');
    const given = [...own, ...rows, generation];
    try {
      const traced = this.trace(parts, own.length, rows.length);
      const [gradient, table] = (yield { traced, inputs: given }) as [Tensor, Tensor];
      return { gradient, table };
    } catch (error) {
      throw new GroupLost(this.group.generation, error);
    } finally {
      this.engine.free(...given);
    }
  }

  private trace(parts: number, ownCount: number, rowCount: number): TracedFunction {
    const { size, rank, length, columns } = this;
    const { timeoutSeconds } = this.group;
    return this.engine.define(
      `exchange ${JSON.stringify([size, rank, parts, length, columns, timeoutSeconds])}`,
      [
        ...Array.from({ length: ownCount }, () => float(length)),
        ...Array.from({ length: rowCount }, () => float(columns)),
        { dtype: 'int32', shape: [] },
      ],
      'float32',
      (ops, args) => {
        const generation = args.at(-1) as Tensor;
        // One generation meets batches of two sizes, the last of an epoch having fewer parts.
        const keys = (at: number): CollectiveKeys => ({
          size,
          generation,
          instance: 2 * parts + at,
          timeoutSeconds,
          device: this.engine.kind.device,
        });
        const layout = exchangeLayout(parts, size, length);
        const rows = args.slice(ownCount, -1);
        const sum = this.sliceSum(ops, layout, args.slice(0, ownCount), keys(0));
        return this.joined(ops, layout, sum, rows, keys(1));
      },
    );
  }

  /** @returns [slice], the sum of this rank's slice over all parts */
  private sliceSum(
    ops: Ops,
    { slice, subtrees, mostSubtrees: most }: ExchangeLayout,
    own: readonly Tensor[],
    keys: CollectiveKeys,
  ): Tensor {
    const { size, length } = this;
    const cut = own.map((vector) =>
      ops.reshape(ops.padZeros(vector, [[0, slice * size - length]]), size, 1, slice),
    );
    const sent = filled(ops, cut, 1, [size, most, slice]);
    const received = ops.reshape(allToAll(ops, sent, keys), size * most, slice);
    const nodes = subtrees.flatMap((each, rank) =>
      each.map((subtree, at) => ({ ...subtree, row: rank * most + at })),
    );
    const [sum] = ops.fused([received], (inner, [all]) => {
      const tree = new GradientTree<Tensor>((left, right) => inner.add(left, right));
      for (const { level, index, row } of nodes) {
        const value = inner.reshape(inner.slice(all as Tensor, [row, 0], [1, slice]), slice);
        tree.push({ level, index, value });
      }
      return [tree.total()] as const;
    });
    return sum;
  }

  /** One gather for slices and rows: on GPUs every member must start them in the same order. */
  private joined(
    ops: Ops,
    { slice, parts, mostParts: most }: ExchangeLayout,
    sum: Tensor,
    rows: readonly Tensor[],
    keys: CollectiveKeys,
  ): Tensor[] {
    const { size, length, columns } = this;
    const stacked = rows.map((row) => ops.reshape(row, 1, columns));
    const block = ops.reshape(filled(ops, stacked, 0, [most, columns]), most * columns);
    const sent = ops.reshape(ops.concat([sum, block], 0), 1, slice + most * columns);
    const all = gather(ops, sent, keys);
    const slices = ops.reshape(ops.slice(all, [0, 0], [size, slice]), size * slice);
    const tables = ops.reshape(
      ops.slice(all, [0, slice], [size, most * columns]),
      size * most,
      columns,
    );
    const own = parts.flatMap(({ from, to }, rank) =>
      to === from ? [] : [ops.slice(tables, [rank * most, 0], [to - from, columns])],
    );
    const table = own.length === 1 ? (own[0] as Tensor) : ops.concat(own, 0);
    return [ops.slice(slices, [0], [length]), table];
  }
}

/** `pieces` along `axis`, and zeros up to `shape`; none at all are zeros alone. */
function filled(
  ops: Ops,
  pieces: readonly Tensor[],
  axis: number,
  shape: readonly number[],
): Tensor {
  const [first] = pieces;
  const zero = ops.constant(
    Float32Array.of(0),
    shape.map(() => 1),
  );
  const joined = pieces.length > 1 ? ops.concat(pieces, axis) : (first ?? zero);
  return ops.padZeros(
    joined,
    shape.map((extent, at) => [0, extent - (joined.shape[at] as number)] as const),
  );
}
