/**
 * A free port that is not handed out by the system. Ports that connections and listeners without a
 * port of their own get (`ip_local_port_range`, from 32768 on Linux, from 49152 elsewhere, IANA)
 * may be taken by any process between this check and the listening; these are taken by nobody who
 * did not name them.
 */
import { randomInt } from 'node:crypto';
import { isFree } from './blocked-ports';

const FIRST = 20_000;
const END = 32_768;
const ATTEMPTS = 100;

/**
 * @param host address of this machine
 * @throws Error when none of a hundred drawn ports is free
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST, END);
    if (await isFree(host, port)) return port;
  }
  throw new Error(`none of ${ATTEMPTS} ports between ${FIRST} and ${END - 1} is free`);
}
