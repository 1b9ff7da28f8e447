import { once } from 'node:events';
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { openGcs } from '../../storage/gcs/gcs-client';
import type { RetryOptions } from '../../storage/retry';
import { GcsObject } from '../../storage/gcs/gcs-object';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';

const MIB = 1 << 20;

/** The emulator behind a server that breaks connections and forgets sessions. */
describe('the upload of a large object', () => {
  let emulator: StorageEmulator;
  let proxy: Server;
  let endpoint: string;
  let ranges: string[];
  /** What becomes of an upload's part: passed on by default. */
  let fate: (range: string, response: ServerResponse) => 'pass' | 'cut' | 'answered';

  beforeAll(async () => {
    emulator = await startStorage({ port: 0, folder: null, log: null });
    await emulator.createBucket('tests');
    proxy = createServer(relay).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.close();
    proxy.closeAllConnections();
    await emulator.stop();
  });
  beforeEach(() => {
    ranges = [];
    fate = () => 'pass';
  });

  function relay(request: IncomingMessage, response: ServerResponse): void {
    const range = request.headers['content-range'];
    if (request.method === 'PUT' && range !== undefined) {
      ranges.push(range);
      const decided = fate(range, response);
      if (decided === 'answered') return void request.resume();
      // The first of it gets through, then the line is dead.
      if (decided === 'cut') return void request.once('data', () => request.socket.destroy());
    }
    const { hostname, port } = new URL(emulator.endpoint);
    const onward = ask(
      { hostname, port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        const { location } = answer.headers;
        const here =
          location === undefined
            ? {}
            : { location: location.replace(/^https?:\/\/[^/]+/, endpoint) };
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...here });
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  const object = (name: string, retry: RetryOptions = {}): GcsObject =>
    new GcsObject(openGcs({ STORAGE_EMULATOR_HOST: endpoint }).bucket('tests'), name, {
      firstPauseMs: 5,
      retryForMs: 20_000,
      ...retry,
    });
  const content = Buffer.alloc(17 * MIB + 5, 'audio that takes a while');
  const total = content.length;
  const part = (from: number, to: number): string => `bytes ${from * MIB}-${to - 1}/${total}`;
  const whole = [part(0, 8 * MIB), part(8, 16 * MIB), part(16, total)];

  it('sends what is given in parts, whatever their sizes, and says so as it goes', async () => {
    const given = [0, 3, 9 * MIB, 9 * MIB, total - 1].map((start, at, starts) =>
      content.subarray(start, starts[at + 1] ?? total),
    );
    let reports = 0;
    const parted = object('parted', { onBytes: () => reports++ });
    await expect(parted.write(given, { createOnly: true })).resolves.toBe(true);
    expect(ranges).toEqual(whole);
    // For each eight megabytes that are summed, and each that are sent.
    expect(reports).toBe(6);
    expect((await parted.read())?.equals(content)).toBe(true);
    await expect(parted.write([content], { createOnly: true })).resolves.toBe(false);
    await expect(parted.holds(given)).resolves.toBe(true);
    await expect(parted.holds([...given, Buffer.from('x')])).resolves.toBe(false);
  });

  it('goes on behind what the server has when a part breaks off', async () => {
    let cuts = 2;
    fate = (range) => (range === whole[1] && cuts-- > 0 ? 'cut' : 'pass');
    expect(await object('broken').write(content, { createOnly: true })).toBe(true);
    expect(ranges).toEqual([whole[0], whole[1], whole[1], whole[1], whole[2]]);
    expect((await object('broken').read())?.equals(content)).toBe(true);
  });

  it('waits for a server that is busy', async () => {
    let busy = 1;
    fate = (range, response) => {
      if (range !== whole[2] || busy-- <= 0) return 'pass';
      response.writeHead(503).end();
      return 'answered';
    };
    expect(await object('busy').write(content, { createOnly: true })).toBe(true);
    expect(ranges).toEqual([...whole, whole[2]]);
  });

  it('begins again only when the server has lost it', async () => {
    let lost = 1;
    fate = (range, response) => {
      if (range !== whole[1] || lost-- <= 0) return 'pass';
      response.writeHead(410).end();
      return 'answered';
    };
    expect(await object('lost').write(content, { createOnly: true })).toBe(true);
    expect(ranges).toEqual([whole[0], whole[1], ...whole]);
    expect((await object('lost').read())?.equals(content)).toBe(true);
  });

  it('replaces nothing that is there', async () => {
    await object('first').write(content, { createOnly: true });
    expect(await object('first').write(Buffer.alloc(total, 'other'), { createOnly: true })).toBe(
      false,
    );
    expect((await object('first').read())?.equals(content)).toBe(true);
  });
});
