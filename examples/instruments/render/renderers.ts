import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { decodeError } from '../../../jobs/process/error-record';
import { ensureClip } from './clip-files';
import type { RenderOrder, RenderReply } from './renderer-process';

/** Spreads clips over processes. Each loads a sound bank once and renders one clip at a time. */

export interface Rendered {
  readonly sha256: string;
  readonly rendered: boolean;
}

/**
 * @param jobs processes; with one, clips are rendered in this process
 * @param done called after each clip, in whatever order they finish
 * @returns results in the order of `orders`
 */
export async function renderAll(
  orders: readonly RenderOrder[],
  jobs: number,
  done: (result: Rendered) => void,
): Promise<Rendered[]> {
  const results: Rendered[] = [];
  let next = 0;
  const takeOrders = async (render: (order: RenderOrder) => Promise<Rendered>): Promise<void> => {
    for (let at = next++; at < orders.length; at = next++) {
      const result = await render(orders[at] as RenderOrder);
      results[at] = result;
      done(result);
    }
  };
  if (jobs === 1) {
    await takeOrders(({ folder, split, index }) => ensureClip(folder, split, index));
    return results;
  }
  const children = Array.from({ length: Math.min(jobs, orders.length) }, () =>
    fork(path.join(__dirname, 'renderer-process.js')),
  );
  try {
    await Promise.all(children.map((child) => takeOrders((order) => askChild(child, order))));
  } finally {
    for (const child of children) child.disconnect();
  }
  return results;
}

async function askChild(child: ChildProcess, order: RenderOrder): Promise<Rendered> {
  const answered = new AbortController();
  const reply = once(child, 'message', { signal: answered.signal }) as Promise<[RenderReply]>;
  const death = once(child, 'exit', { signal: answered.signal }).then(([code, signal]) => {
    throw new Error(`a rendering process ended early (${signal ?? `exit code ${code}`})`);
  });
  try {
    child.send(order);
    const [result] = await Promise.race([reply, death]);
    if ('error' in result) {
      const cause = decodeError(result.error);
      throw new Error(`clip ${order.index} of ${order.split.name}: ${cause.message}`, { cause });
    }
    return result;
  } finally {
    reply.catch(() => undefined);
    death.catch(() => undefined);
    answered.abort();
  }
}
