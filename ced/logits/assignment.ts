/**
 * The assignment problem: n takers, n places, the smallest sum of costs. Kuhn's method with
 * potentials, one augmenting path a taker, O(n³). (H. W. Kuhn, "The Hungarian method for the
 * assignment problem", 1955.)
 */

/** @param costs [n, n], finite, of each place for each taker. @returns the place of each taker */
export function cheapestAssignment(costs: Float64Array, n: number): Int32Array {
  // Index 0 of each is nobody: the path from a new taker ends where a place is held by nobody.
  const takerPrice = new Float64Array(n + 1);
  const placePrice = new Float64Array(n + 1);
  const takerAt = new Int32Array(n + 1);
  const cameFrom = new Int32Array(n + 1);
  for (let taker = 1; taker <= n; taker++) {
    const reachedFor = new Float64Array(n + 1).fill(Infinity);
    const settled = new Uint8Array(n + 1);
    let place = 0;
    takerAt[0] = taker;
    while (takerAt[place] !== 0) {
      settled[place] = 1;
      const holder = takerAt[place]!;
      let [nearest, distance] = [0, Infinity];
      for (let next = 1; next <= n; next++) {
        if (settled[next]) continue;
        const cost = costs[(holder - 1) * n + next - 1]! - takerPrice[holder]! - placePrice[next]!;
        if (cost < reachedFor[next]!) {
          reachedFor[next] = cost;
          cameFrom[next] = place;
        }
        if (reachedFor[next]! < distance) [nearest, distance] = [next, reachedFor[next]!];
      }
      for (let any = 0; any <= n; any++) {
        if (settled[any]) {
          takerPrice[takerAt[any]!] = takerPrice[takerAt[any]!]! + distance;
          placePrice[any] = placePrice[any]! - distance;
        } else reachedFor[any] = reachedFor[any]! - distance;
      }
      place = nearest;
    }
    for (; place !== 0; place = cameFrom[place]!) takerAt[place] = takerAt[cameFrom[place]!]!;
  }
  const places = new Int32Array(n);
  for (let place = 1; place <= n; place++) places[takerAt[place]! - 1] = place - 1;
  return places;
}
