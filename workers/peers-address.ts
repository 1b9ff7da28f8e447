/**
 * Where other workers reach the trainings of this one. What listens there has no authentication
 * (docs/threats.md), so only addresses of private networks and of this machine are taken.
 */
import { BlockList, createServer, isIPv4 } from 'node:net';
import type { Kind } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';

const reachable = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  // Shared by networks behind a carrier's (RFC 6598); some clouds give it to pods.
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  reachable.addSubnet(network, prefix, 'ipv4');

/** The value of `--peers`. */
export const peersAddress: Kind<string> = {
  expected:
    'an IPv4 address of a private network (10/8, 100.64/10, 172.16/12, 192.168/16), link-local ' +
    'or loopback',
  parse: (given) => (isIPv4(given) && reachable.check(given) ? given : undefined),
};

/** @returns CED_PEERS, null where it is not set. @throws {UsageError} as for the option */
export function peersFrom(environment: NodeJS.ProcessEnv): string | null {
  const given = environment['CED_PEERS'] ?? '';
  if (given === '') return null;
  const address = peersAddress.parse(given);
  if (address === undefined)
    throw new UsageError(`CED_PEERS ${given}: expected ${peersAddress.expected}`);
  return address;
}

/** @throws if this machine has no such address */
export async function requireOwnAddress(address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const server = createServer()
      .once('error', (cause) =>
        reject(new Error(`--peers ${address}: this machine has no such address`, { cause })),
      )
      .listen(0, address, () => server.close(() => resolve()));
  });
}
