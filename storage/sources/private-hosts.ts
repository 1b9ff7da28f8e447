/**
 * Addresses that a table of clips from elsewhere must not make a worker call: all that IANA's
 * registries of special-purpose addresses do not mark as globally reachable (loopback, link-local
 * with a cloud's metadata server, private, shared, reserved), multicast, and the IPv6 forms of IPv4
 * addresses. The check is made on the address that a
 * connection is opened to, so that a name which resolves differently the second time gains nothing.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const blocked = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  blocked.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  // Unspecified, loopback, and IPv4 addresses written as IPv6 ones (compatible, translated); then
  // those that lead to any IPv4 address (NAT64, Teredo in 2001::/23, 6to4).
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 23],
  ['2002::', 16],
  // Discarded, documentation, segment routing.
  ['100::', 63],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  blocked.addSubnet(network, prefix, 'ipv6');

/** @param host name or address as in a URL, IPv6 with or without its brackets */
export function isPrivateAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPrivateAddress(mapped);
  const family = isIP(address);
  return family !== 0 && blocked.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export class PrivateHost extends Error {
  constructor(host: string) {
    super(
      `${host} is a private address; start the worker with --allow-private-hosts to read ` +
        'from there',
    );
    this.name = 'PrivateHost';
  }
}

/**
 * A `lookup` for connections that fails with `PrivateHost` when any address of the name is private.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refused =
      error ??
      (addresses.some(({ address }) => isPrivateAddress(address))
        ? new PrivateHost(hostname)
        : null);
    if (refused) return callback(refused, '');
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};
