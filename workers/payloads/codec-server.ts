/**
 * `npm run codec`: lets Temporal's web interface and CLI read encrypted payloads
 * (https://docs.temporal.io/codec-server). On loopback, for pages of one origin; whoever reaches it
 * can read what it decrypts, so it belongs beside the person who looks, not beside the server.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import type { PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { AesGcmCodec } from './aes-gcm-codec';
import { payloadKeys } from './keys';

const HELP = `npm run codec [-- options]

Decrypts and encrypts payloads for Temporal's web interface and CLI, with the keys in CED_PAYLOAD_KEYS (docs/threats.md). Loopback only.

  --port N       port on 127.0.0.1 (default 8081); the CLI takes it as --codec-endpoint http://127.0.0.1:8081
  --origin URL   where the web interface is served (default http://127.0.0.1:8233)
  --help         this text`;

const LARGEST_BYTES = 32 * 2 ** 20;
const { Payloads } = temporal.api.common.v1;

export function codecServer(codec: PayloadCodec, origin: string): Server {
  return createServer((request, response) => {
    answer(codec, origin, request, response).catch((error: unknown) => {
      response
        .writeHead(400, { 'content-type': 'text/plain' })
        .end(error instanceof Error ? error.message : 'bad request');
    });
  });
}

async function answer(
  codec: PayloadCodec,
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'content-type,x-namespace,authorization');
  // A page of another origin could neither read the answer nor should make us work for it.
  if (request.headers.origin !== undefined && request.headers.origin !== origin)
    return void response.writeHead(403).end();
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const direction = /\/(encode|decode)$/.exec(request.url ?? '')?.[1] as
    'encode' | 'decode' | undefined;
  if (request.method !== 'POST' || direction === undefined)
    return void response.writeHead(404).end();
  const { payloads } = Payloads.fromObject(JSON.parse(await bodyOf(request)) as object);
  const answered = Payloads.fromObject({ payloads: await codec[direction](payloads) });
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify(Payloads.toObject(answered, { bytes: String })));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BYTES) throw new Error(`more than ${LARGEST_BYTES} bytes of payloads`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, origin: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  const port = Number(values.port ?? '8081');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port}: expected 0 to 65535`);
  const keys = await payloadKeys(process.env);
  if (keys === null)
    throw new Error('CED_PAYLOAD_KEYS is not set: there is nothing to decrypt with');
  const server = codecServer(new AesGcmCodec(keys), values.origin ?? 'http://127.0.0.1:8233');
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    console.log(
      `codec server ready: http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    );
  });
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error(`codec: ${(error as Error).message}`);
    process.exit(1);
  });
