/** How a cost grows with a size: cost ≈ constant · size^exponent. */

export interface Point {
  readonly size: number;
  readonly cost: number;
}

/** By least squares of the logarithms. NaN with fewer than two sizes. */
export function fittedExponent(points: readonly Point[]): number {
  const logs = points.map(({ size, cost }) => [Math.log(size), Math.log(Math.max(cost, 1e-9))]);
  const mean = (axis: 0 | 1): number =>
    logs.reduce((sum, log) => sum + log[axis]!, 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const products = (axis: 0 | 1): number =>
    logs.reduce((sum, log) => sum + (log[0]! - x) * (log[axis]! - (axis === 0 ? x : y)), 0);
  return products(1) / products(0);
}

/** Above it the largest sizes grow faster than linearly; some of it is noise and caches. */
const LINEAR = 1.15;

/** What counts: the growth between the two largest sizes, where fixed costs matter least. */
export function isWorseThanLinear(points: readonly Point[]): boolean {
  return fittedExponent(points.slice(-2)) > LINEAR;
}
