/**
 * The address of Temporal's web interface, with a check in front of it. The interface itself
 * answers whatever host name a request carries, so a web page whose name resolves to this machine
 * (DNS rebinding) could read runs and start them.
 *
 * Guarantees: a request passes if its host is `localhost`, an IP address or a name of `hostNames`,
 * and no page of another origin made it. Opening the interface through a link passes too.
 */
import { randomInt } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { freeBlockedPort } from './blocked-ports';

export interface WebInterface {
  close(): void;
}

/** Where a server listens: IP address and port. */
export interface Endpoint {
  host: string;
  port: number;
}

/**
 * A place for the unchecked interface that no browser opens, at a random address of 127.0.0.0/8:
 * several servers on one machine need one each.
 */
export async function unreachableForBrowsers(): Promise<Endpoint> {
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const port = await freeBlockedPort(host);
  if (port !== null) return { host, port };
  throw new Error(
    'the web interface finds no free port that browsers do not open (infra/blocked-ports.ts): ' +
      'start the server without it (--no-ui)',
  );
}

/**
 * Forwards what passes from `endpoint` to `unchecked`.
 * @param hostNames names, beside `localhost` and IP addresses, under which the interface is opened
 * @throws if the endpoint cannot be listened on
 */
export async function checkedInterface(
  endpoint: Endpoint,
  unchecked: Endpoint,
  hostNames: readonly string[],
): Promise<WebInterface> {
  const server = createServer((incoming, response) => {
    const why = refusal(incoming, hostNames);
    if (why !== null) response.writeHead(403, { 'content-type': 'text/plain' }).end(`${why}\n`);
    else forward(incoming, response, unchecked);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(endpoint.port, endpoint.host, resolve);
  });
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @returns why the request does not pass, or null */
function refusal({ headers }: IncomingMessage, hostNames: readonly string[]): string | null {
  const host = headers.host ?? '';
  const name = nameOf(host);
  if (isIP(name) === 0 && name !== 'localhost' && !hostNames.includes(name))
    return (
      'this host name is not one of the web interface: ' +
      'npm run server -- --ui-host NAME adds it'
    );
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const foreign =
    (origin !== undefined && origin !== `http://${host}`) ||
    ((site === 'cross-site' || site === 'same-site') && mode !== 'navigate');
  return foreign ? 'the request comes from a page of another origin' : null;
}

/** The name or address in a Host header, without port and brackets; empty for a malformed one. */
function nameOf(host: string): string {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]]+))(?::\d+)?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  { host, port }: Endpoint,
): void {
  const { method, url, headers } = incoming;
  const outgoing = request({ host, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.once('error', () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
