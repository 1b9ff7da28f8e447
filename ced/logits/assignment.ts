/**
 * The assignment problem: n agents, n tasks, the smallest sum of costs. Kuhn's method with
 * potentials, one augmenting path per agent, O(n³). (H. W. Kuhn, "The Hungarian method for the
 * assignment problem", 1955.)
 */

/** @param costs [n, n], finite, of each task for each agent. @returns the task of each agent */
export function cheapestAssignment(costs: Float64Array, n: number): Int32Array {
  // Index 0 of each is none: the path from a new agent ends at a task that no agent holds.
  const agentPrice = new Float64Array(n + 1);
  const taskPrice = new Float64Array(n + 1);
  const agentOf = new Int32Array(n + 1);
  const cameFrom = new Int32Array(n + 1);
  for (let agent = 1; agent <= n; agent++) {
    const reachedFor = new Float64Array(n + 1).fill(Infinity);
    const settled = new Uint8Array(n + 1);
    let task = 0;
    agentOf[0] = agent;
    while (agentOf[task] !== 0) {
      settled[task] = 1;
      const holder = agentOf[task]!;
      let [nearest, distance] = [0, Infinity];
      for (let next = 1; next <= n; next++) {
        if (settled[next]) continue;
        const cost = costs[(holder - 1) * n + next - 1]! - agentPrice[holder]! - taskPrice[next]!;
        if (cost < reachedFor[next]!) {
          reachedFor[next] = cost;
          cameFrom[next] = task;
        }
        if (reachedFor[next]! < distance) [nearest, distance] = [next, reachedFor[next]!];
      }
      for (let any = 0; any <= n; any++) {
        if (settled[any]) {
          agentPrice[agentOf[any]!] = agentPrice[agentOf[any]!]! + distance;
          taskPrice[any] = taskPrice[any]! - distance;
        } else reachedFor[any] = reachedFor[any]! - distance;
      }
      task = nearest;
    }
    for (; task !== 0; task = cameFrom[task]!) agentOf[task] = agentOf[cameFrom[task]!]!;
  }
  const tasks = new Int32Array(n);
  for (let task = 1; task <= n; task++) tasks[agentOf[task]! - 1] = task - 1;
  return tasks;
}
