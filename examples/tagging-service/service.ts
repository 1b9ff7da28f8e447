/**
 * Tags uploaded WAV files over HTTP, by an exported student in onnxruntime: no TensorFlow, no
 * Temporal. Listens on loopback: put a proxy with authentication before it. One file is tagged at a
 * time, and a few wait.
 *   POST /tags    a WAV file as the body; the tags of each chunk as JSON
 *   GET /health
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Tagger } from 'ced-distillation/tagger';

const LARGEST_BYTES = 20_000_000;
const MOST_WAITING = 8;
const UPLOAD_WITHIN_MS = 30_000;

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws {Refused} without reading on once there is too much */
async function upload(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > LARGEST_BYTES) throw new Refused(413, `more than ${LARGEST_BYTES} bytes`);
    parts.push(part);
  }
  const file = Buffer.concat(parts);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Refused(415, 'expected a WAV file as the body');
  return file;
}

class Service {
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly tagger: Tagger) {}

  async answer(request: IncomingMessage): Promise<object> {
    const { method, url } = request;
    if (method === 'GET' && url === '/health') return { waiting: this.waiting };
    if (method !== 'POST' || url !== '/tags') throw new Refused(404, 'POST /tags or GET /health');
    if (this.waiting >= MOST_WAITING) throw new Refused(503, 'busy, try again later');
    this.waiting++;
    try {
      const file = await upload(request);
      const tagged = this.last.then(() => this.tagger.tagBytes(file, { top: 3 }));
      this.last = tagged.catch(() => undefined);
      const chunks = await tagged.catch((error: unknown) => {
        throw new Refused(422, error instanceof Error ? error.message : 'it cannot be read');
      });
      return { chunks };
    } finally {
      this.waiting--;
    }
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function main(model: string, port: number): Promise<void> {
  const service = new Service(await Tagger.open(model, { threads: 2 }));
  const server = createServer((request, response) => {
    service.answer(request).then(
      (body) => reply(response, 200, body),
      (error: unknown) => {
        const known = error instanceof Refused;
        if (!known) console.error(error);
        reply(response, known ? error.status : 500, {
          error: known ? error.message : 'it failed',
        });
      },
    );
  });
  server.requestTimeout = UPLOAD_WITHIN_MS;
  server.listen(port, '127.0.0.1', () => {
    console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}

const [model = 'model.onnx', port = '8080'] = process.argv.slice(2);
main(model, Number(port)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
