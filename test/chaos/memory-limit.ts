/**
 * A limit on a process's memory, as a container has one: the kernel kills what exceeds it. Needs
 * root, and a kernel with the memory controller (cgroup v1 or v2).
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../support/cluster';

/** Less than any engine holds: the next page that it touches is too much. */
const LIMIT_BYTES = 1 << 20;

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** Resolves when the kernel has killed the process for want of memory. */
export async function runOutOfMemory(pid: number): Promise<void> {
  const isV2 = existsSync(join(V2, 'cgroup.controllers'));
  const group = join(isV2 ? V2 : V1, `ced-chaos-${pid}`);
  if (isV2) writeFileSync(join(V2, 'cgroup.subtree_control'), '+memory');
  mkdirSync(group);
  try {
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    // In v1 pages stay charged to the group where they were touched, so this group is still empty.
    writeFileSync(join(group, isV2 ? 'memory.max' : 'memory.limit_in_bytes'), String(LIMIT_BYTES));
    for (const deadline = performance.now() + 60_000; isAlive(pid); await sleep(20))
      if (performance.now() > deadline) throw new Error(`process ${pid} lives without memory`);
  } finally {
    // A group can be removed when the kernel has taken its last process apart.
    for (let tries = 0; tries < 100 && !isRemoved(group); tries++) await sleep(50);
  }
}

function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
