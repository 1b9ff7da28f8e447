/**
 * Ports that no browser connects to (https://fetch.spec.whatwg.org/#port-blocking) and that need no
 * root: for what a web page must not reach, whatever name it resolves to this machine.
 */
import { createServer, isIPv6 } from 'node:net';

const BLOCKED = [
  1719, 1720, 1723, 3659, 4190, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/** @returns a free one at the address, drawn at random, or null */
export async function freeBlockedPort(host: string): Promise<number | null> {
  const first = Math.floor(Math.random() * BLOCKED.length);
  for (const port of [...BLOCKED.slice(first), ...BLOCKED.slice(0, first)])
    if (await isFree(host, port)) return port;
  return null;
}

export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer()
      .once('error', () => resolve(false))
      .listen({ host, port, ipv6Only: isIPv6(host) }, () => listener.close(() => resolve(true)));
  });
}
