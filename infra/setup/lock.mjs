// Lets one set-up at a time do a piece of work; others wait and then find it done. The lock only
// saves double work: correctness rests on renames, so a lock wrongly taken for stale costs minutes,
// never a broken entry.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// longer than the longest build, for owners on other hosts whose process we cannot see
const staleAfterMs = 30 * 60_000;

export async function withLock(path, report, work) {
  mkdirSync(dirname(path), { recursive: true });
  let waiting = false;
  while (!take(path)) {
    const owner = ownerOf(path);
    if (owner === null) continue;
    if (isStale(path, owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!waiting) report(`waiting for another set-up (process ${owner.pid} on ${owner.host})`);
    waiting = true;
    await sleep(300);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function take(path) {
  try {
    writeFileSync(path, `${process.pid} ${hostname()}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * null when the lock has just been released. A lock read between creation and its first byte has
 * pid 0 and is waited for.
 */
function ownerOf(path) {
  try {
    const [pid, host] = readFileSync(path, 'utf8').trim().split(' ');
    return { pid: Number(pid ?? 0), host: host ?? '' };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isStale(path, owner) {
  if (owner.pid > 0 && owner.host === hostname()) return !isAlive(owner.pid);
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > staleAfterMs;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
