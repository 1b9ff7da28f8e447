/** The kernel's count of bytes that TCP connections have sent, by `ss` of iproute2. */
import { spawnSync } from 'node:child_process';

/**
 * All that was sent so far over the open connections from and to these ports of this machine, both
 * ways, without what was sent again; null where `ss` is not there or cannot tell.
 */
export function sentOverSockets(ports: readonly number[]): number | null {
  const filter = ports.map((port) => `sport = :${port} or dport = :${port}`).join(' or ');
  const { status, stdout } = spawnSync('ss', ['-tinH', `( ${filter} )`], { encoding: 'utf8' });
  if (status !== 0 || !stdout.includes('bytes_sent:')) return null;
  return sumOf(stdout, /\bbytes_sent:(\d+)/g) - sumOf(stdout, /\bbytes_retrans:(\d+)/g);
}

function sumOf(text: string, count: RegExp): number {
  return [...text.matchAll(count)].reduce((sum, [, each]) => sum + Number(each), 0);
}
