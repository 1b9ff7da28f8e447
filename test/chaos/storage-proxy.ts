/**
 * Stands between workers and the storage server, which stays real, and does to their transfers what
 * networks and busy servers do. What is let through is passed on unchanged.
 */
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { freePort } from '../../infra/free-port';

/**
 * `429`, `503`: every request is refused so. `hang`: requests are taken and never answered, not
 * even later. `cut`: transfers end in the middle: downloads after half of their bytes, uploads in
 * turn after half of theirs and when they are done but before the answer.
 */
export type Weather = 'fair' | '429' | '503' | 'hang' | 'cut';

export class StorageProxy {
  weather: Weather = 'fair';
  private onUpload: (key: string) => void = () => undefined;
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private uploads = 0;
  /** Uploads that were done and whose answer was cut. */
  lostAnswers = 0;

  private constructor(
    private readonly target: number,
    private readonly port: number,
  ) {}

  /** @param target port of the storage server on this machine */
  static async open(target: number): Promise<StorageProxy> {
    const proxy = new StorageProxy(target, await freePort());
    await proxy.up();
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const server = createServer((question, answer) => this.pass(question, answer));
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.server = server;
  }

  /** Refuses connections and breaks those that are open. */
  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve) ?? resolve(null));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.server = null;
  }

  /** Resolves when the upload after `skipped` others whose keys match is on its way. */
  async uploaded(matches: (key: string) => boolean, skipped: number): Promise<void> {
    let seen = 0;
    await new Promise<void>((resolve) => {
      this.onUpload = (key) => {
        if (matches(key) && seen++ === skipped) resolve();
      };
    });
    this.onUpload = () => undefined;
  }

  private pass(question: IncomingMessage, answer: ServerResponse): void {
    const { weather } = this;
    const upload = uploadedKey(question);
    if (upload !== null) this.onUpload(upload);
    if (weather === 'hang') return;
    if (weather === '429' || weather === '503') {
      question.resume();
      answer.writeHead(Number(weather)).end();
      return;
    }
    const { method = 'GET', url = '/', headers } = question;
    const onward = request({ host: '127.0.0.1', port: this.target, method, path: url, headers });
    const cut = (): void => {
      question.destroy();
      onward.destroy();
      answer.destroy();
    };
    const cutUpload = weather === 'cut' && (method === 'POST' || method === 'PUT');
    const answerIsLost = cutUpload && this.uploads++ % 2 === 1;
    onward.on('error', cut);
    onward.on('response', (response) => {
      if (answerIsLost) {
        this.lostAnswers++;
        return cut();
      }
      answer.writeHead(response.statusCode ?? 502, response.headers);
      forward(response, answer, weather === 'cut' ? halfOf(response) : Infinity, cut);
    });
    forward(question, onward, cutUpload && !answerIsLost ? halfOf(question) : Infinity, cut);
  }
}

/** A length that is not stated is taken for 2 kB: some bytes, not all of a shard. */
function halfOf({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 2048) / 2;
}

/** Passes on at most `limit` bytes, then cuts. */
function forward(
  from: IncomingMessage,
  to: NodeJS.WritableStream,
  limit: number,
  cut: () => void,
): void {
  let bytes = 0;
  from.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= limit) return void to.write(part);
    to.write(part.subarray(0, Math.max(0, part.length - (bytes - limit))));
    from.pause();
    // What was passed on is on its way before the connection ends.
    setTimeout(cut, 20);
  });
  from.on('end', () => to.end());
  from.on('error', cut);
}

/** Key of the object that a request to Cloud Storage or S3 uploads; null for other requests. */
function uploadedKey({ method, url }: IncomingMessage): string | null {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://storage');
  if (pathname.startsWith('/upload/')) return searchParams.get('name');
  // /BUCKET/KEY
  const [, key] = /^\/[^/]+\/(.+)$/.exec(pathname) ?? [];
  return method === 'PUT' && key !== undefined ? decodeURIComponent(key) : null;
}
