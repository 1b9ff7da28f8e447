/**
 * `npm run codec`: lets Temporal's web interface and CLI read encrypted payloads
 * (https://docs.temporal.io/codec-server). It listens on loopback and answers pages of one origin:
 * anyone who can reach it can decrypt, so run it on the machine of the browser, not of the server.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { commandLine } from '../../infra/command-line/command-line';
import { numberThat, text } from '../../infra/command-line/option';
import { AesGcmCodec } from './aes-gcm-codec';
import { payloadKeys } from './keys';

const line = commandLine({
  program: 'npm run codec',
  usage: '[options]',
  about: [
    "Decrypts and encrypts payloads for Temporal's web interface and CLI, with the keys in " +
      'CED_PAYLOAD_KEYS (docs/threats.md). Listens on loopback only.',
  ],
  options: {
    port: {
      value: 'N',
      is: numberThat(
        (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
        '0 to 65535',
      ),
      default: 8081,
      help:
        'port on 127.0.0.1; 0 = any free port. The CLI takes it as --codec-endpoint ' +
        'http://127.0.0.1:8081',
    },
    origin: {
      value: 'URL',
      is: text,
      default: 'http://127.0.0.1:8233',
      help: 'origin of the web interface',
    },
  },
  examples: ['npm run codec', 'npm run codec -- --origin https://temporal.example.com'],
});

export const CODEC_SPEC = line.spec;

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
  // A page of another origin could not read the answer; do not compute it.
  if (request.headers.origin !== undefined && request.headers.origin !== origin)
    return void response.writeHead(403).end();
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const direction = /\/(encode|decode)$/.exec(request.url ?? '')?.[1] as
    'encode' | 'decode' | undefined;
  if (request.method !== 'POST' || direction === undefined)
    return void response.writeHead(404).end();
  const body = z.looseObject({}).parse(JSON.parse(await bodyOf(request)));
  const { payloads } = Payloads.fromObject(body);
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

async function main({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const keys = await payloadKeys(process.env);
  if (keys === null)
    throw new Error('CED_PAYLOAD_KEYS is not set: there is nothing to decrypt with');
  const server = codecServer(new AesGcmCodec(keys), values.origin);
  server.listen(values.port, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : values.port;
    console.log(`codec server ready: http://127.0.0.1:${port}`);
  });
  return 0;
}

if (require.main === module)
  line.run(process.argv.slice(2), main).catch((error: unknown) => {
    console.error(`codec: ${(error as Error).message}`);
    process.exit(1);
  });
