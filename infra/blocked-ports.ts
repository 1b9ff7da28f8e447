/**
 * Ports that no browser connects to and that need no root: for what a web page must not reach,
 * whatever name it resolves to this machine. They are those of
 * https://fetch.spec.whatwg.org/#port-blocking but for 4190 and 6679, which Chromium opens.
 */
import { createServer, isIPv6 } from 'node:net';

export const BLOCKED_PORTS = [
  1719, 1720, 1723, 3659, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080,
] as const;

/** @returns a free one at the address, drawn at random, or null */
export async function freeBlockedPort(host: string): Promise<number | null> {
  const first = Math.floor(Math.random() * BLOCKED_PORTS.length);
  for (const port of [...BLOCKED_PORTS.slice(first), ...BLOCKED_PORTS.slice(0, first)])
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
