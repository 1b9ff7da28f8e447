/** Which members of a generation go, where the network between some of them is cut. */

/** For all to tell whom they do not reach. */
const ALL_TOLD_MS = 2000;

/** Two members, by their indices, of which one does not reach the other. */
export type Cut = readonly [number, number];

/** The cuts of one generation, told by its members. */
export class Cuts {
  private told: Cut[] = [];
  private deciding: NodeJS.Timeout | undefined;

  /** @param drop gets the indices of those without whom all reach each other */
  constructor(private readonly drop: (indices: readonly number[]) => void) {}

  add(cut: Cut): void {
    if (this.told.length === 0)
      this.deciding = setTimeout(() => this.drop(cutOff(this.told)), ALL_TOLD_MS);
    this.told.push(cut);
  }

  clear(): void {
    clearTimeout(this.deciding);
    this.told = [];
  }
}

/**
 * Few members without whom no cut is left: again and again the one with most cuts, of several the
 * one that came last.
 */
export function cutOff(cuts: readonly Cut[]): number[] {
  const names = new Set(cuts.map((cut) => [...cut].sort((a, b) => a - b).join(' ')));
  let left = [...names].map((name) => name.split(' ').map(Number));
  const dropped: number[] = [];
  while (left.length > 0) {
    const count = (index: number): number => left.filter((cut) => cut.includes(index)).length;
    const [worst = 0] = [...new Set(left.flat())].sort((a, b) => count(b) - count(a) || b - a);
    dropped.push(worst);
    left = left.filter((cut) => !cut.includes(worst));
  }
  return dropped;
}
