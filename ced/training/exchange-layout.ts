/**
 * The shapes of the two collectives by which a group exchanges gradients (`gradient-exchange.ts`),
 * and the bytes that each member sends. A collective has one shape for all ranks: those that own
 * fewer subtrees or parts than others send zeros in their place, so each sends as many bytes.
 */
import type { RowRange } from '../engine/branches';
import { ownedParts, wholeSubtrees, type Subtree } from './gradient-tree';

export interface ExchangeLayout {
  readonly workers: number;
  /** Parts that each rank computes. */
  readonly parts: readonly RowRange[];
  /** Subtrees whose sums each rank sends, in slices. */
  readonly subtrees: readonly (readonly Subtree[])[];
  /** Of any rank. */
  readonly mostParts: number;
  /** Of any rank. */
  readonly mostSubtrees: number;
  /** Elements of the gradient that a rank sums over all parts. */
  readonly slice: number;
}

/** @param length elements of the gradient */
export function exchangeLayout(parts: number, workers: number, length: number): ExchangeLayout {
  const owned = Array.from({ length: workers }, (_, rank) => ownedParts(parts, workers, rank));
  const subtrees = owned.map((range) => wholeSubtrees(range));
  return {
    workers,
    parts: owned,
    subtrees,
    mostParts: Math.max(...owned.map(({ from, to }) => to - from)),
    mostSubtrees: Math.max(...subtrees.map((each) => each.length)),
    slice: Math.ceil(length / workers),
  };
}

const FLOAT_BYTES = 4;

/**
 * Bytes that each process sends in a step: to every other one a slice of each subtree, a summed
 * slice and the rows of its parts. About (K + 1) · G · (W − 1) / W, with the most subtrees K of a
 * rank, G bytes of gradients and W workers.
 * @param columns of a part's row
 */
export function sentBytes(layout: ExchangeLayout, columns: number): number {
  const { workers, mostSubtrees, mostParts, slice } = layout;
  return FLOAT_BYTES * (workers - 1) * ((mostSubtrees + 1) * slice + mostParts * columns);
}
