import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGcs } from '../../storage/gcs/gcs-client';
import { openSource } from '../../storage/sources/open-source';
import { isPrivateAddress } from '../../storage/sources/private-hosts';
import { readSource, SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';

const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) & 0xff));
const most = 1 << 20;

describe('reading from a web server', () => {
  let server: Server;
  let base: string;
  let asked: { method: string; url: string; range: string | undefined }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const options: SourceOptions = {
    allowPrivateHosts: true,
    retry: { firstPauseMs: 5, retryForMs: 2000 },
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push({
        method: request.method ?? '',
        url: request.url ?? '',
        range: request.headers.range,
      });
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked = [];
    answer = whole;
  });

  const ranges = (request: IncomingMessage): [number, number] => {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? 'bytes=0-') ?? [];
    return [Number(from), to ? Number(to) + 1 : content.length];
  };
  const whole = (request: IncomingMessage, response: ServerResponse, etag = '"one"'): void => {
    const [from, to] = ranges(request);
    const part = request.headers.range
      ? { 'content-range': `bytes ${from}-${to - 1}/${content.length}` }
      : {};
    response.writeHead(request.headers.range ? 206 : 200, {
      etag,
      'content-length': to - from,
      ...part,
    });
    response.end(request.method === 'HEAD' ? undefined : content.subarray(from, to));
  };
  const read = (path = '/clip.wav', over: SourceOptions = {}): Promise<Buffer> =>
    readSource(openSource(base + path, { ...options, ...over }), most);

  it('gives the bytes, their number and what changes when they do', async () => {
    expect((await read()).equals(content)).toBe(true);
    expect(await openSource(`${base}/clip.wav`, options).describe()).toEqual({
      fingerprint: '"one" 50000',
      bytes: 50_000,
    });
  });

  it('gives a part', async () => {
    expect(
      await readSource(openSource(`${base}/x`, options), most, { offset: 100, bytes: 50 }),
    ).toEqual(content.subarray(100, 150));
    expect(asked[0]?.range).toBe('bytes=100-149');
  });

  it('goes on from the byte where a transfer broke off', async () => {
    let breaks = 3;
    answer = (request, response) => {
      if (breaks-- <= 0) return whole(request, response);
      const [from] = ranges(request);
      response.writeHead(from === 0 ? 200 : 206, {
        etag: '"one"',
        'content-length': content.length - from,
      });
      response.write(content.subarray(from, from + 10_000), () =>
        setTimeout(() => response.destroy(), 20),
      );
    };
    expect((await read()).equals(content)).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([
      undefined,
      'bytes=10000-',
      'bytes=20000-',
      'bytes=30000-',
    ]);
  });

  it('copes with a server that knows no ranges', async () => {
    answer = (request, response) => {
      response.writeHead(200, { etag: '"one"', 'content-length': content.length });
      if (asked.length === 1)
        response.write(content.subarray(0, 10_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(content);
    };
    expect((await read()).equals(content)).toBe(true);
    expect(
      await readSource(openSource(`${base}/x`, options), most, { offset: 100, bytes: 50 }),
    ).toEqual(content.subarray(100, 150));
  });

  it('does not join two versions of a resource', async () => {
    answer = (request, response) => {
      if (asked.length > 1) return whole(request, response, '"two"');
      response.writeHead(200, { etag: '"one"', 'content-length': content.length });
      response.write(content.subarray(0, 10_000), () => setTimeout(() => response.destroy(), 20));
    };
    await expect(read()).rejects.toThrow(/changed while it was read/);
  });

  it('sees by its length that a resource without a version has changed', async () => {
    answer = (_, response) => {
      const longer = asked.length > 1 ? Buffer.concat([content, content]) : content;
      response.writeHead(200, { 'content-length': longer.length });
      if (asked.length > 1) return response.end(longer);
      response.write(content.subarray(0, 10_000), () => setTimeout(() => response.destroy(), 20));
    };
    await expect(read()).rejects.toThrow(/changed while it was read/);
  });

  it('takes no other part of a resource for the one that it asked for', async () => {
    answer = (request, response) => {
      const [from, to] = ranges(request);
      response.writeHead(206, {
        etag: '"one"',
        'content-range': `bytes ${from + 1}-${to}/${content.length}`,
        'content-length': to - from,
      });
      response.end(content.subarray(from + 1, to + 1));
    };
    await expect(
      readSource(openSource(`${base}/x`, options), most, { offset: 100, bytes: 50 }),
    ).rejects.toThrow(/\/x sends bytes 101-150\/50000, asked for bytes from 100 on/);
  });

  it('waits for a busy server, and gives up on one that refuses', async () => {
    answer = (request, response) =>
      asked.length < 3
        ? response.writeHead([503, 429][asked.length - 1]!).end()
        : whole(request, response);
    expect((await read()).equals(content)).toBe(true);
    answer = (_, response) => response.writeHead(410).end();
    await expect(read()).rejects.toThrow(SourceUnreadable);
    expect(await openSource(`${base}/gone`, options).describe()).toBeNull();
  });

  it('follows redirects, but not for ever, nor to another protocol', async () => {
    answer = (request, response) => {
      if (request.url === '/moved') return response.writeHead(302, { location: '/clip.wav' }).end();
      if (request.url === '/round') return response.writeHead(301, { location: '/round' }).end();
      if (request.url === '/file')
        return response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return whole(request, response);
    };
    expect((await read('/moved')).equals(content)).toBe(true);
    await expect(read('/round')).rejects.toThrow(/redirects more than 8 times/);
    await expect(read('/file')).rejects.toThrow(/leads to file:/);
  });

  it('describes a resource whose server refuses HEAD', async () => {
    answer = (request, response) =>
      request.method === 'HEAD' ? response.writeHead(405).end() : whole(request, response);
    expect(await openSource(`${base}/x`, options).describe()).toEqual({
      fingerprint: '"one" 50000',
      bytes: 50_000,
    });
  });

  it('refuses private addresses, whatever leads there, unless they are allowed', async () => {
    const port = new URL(base).port;
    for (const address of [
      `https://127.0.0.1:${port}/x`,
      `https://localhost:${port}/x`,
      `https://[::1]:${port}/x`,
      'https://169.254.169.254/latest/meta-data',
      'https://2130706433/x',
    ])
      await expect(readSource(openSource(address, {}), most)).rejects.toThrow(
        /private address; start the worker with --allow-private-hosts/,
      );
    await expect(readSource(openSource(`${base}/x`, {}), most)).rejects.toThrow(
      /plain http:\/\/ is read only with --allow-private-hosts/,
    );
    expect(asked).toEqual([]);
  });

  it('keeps what is secret in an address out of its errors', async () => {
    answer = (_, response) => response.writeHead(403).end();
    await expect(read('/clip.wav?signature=s3cret')).rejects.toThrow(
      /^(?!.*s3cret).*\/clip\.wav answers 403$/,
    );
    await expect(
      readSource(openSource('https://user:s3cret@example.com/x', options), most),
    ).rejects.toThrow(/^(?!.*s3cret).*credentials do not belong/);
  });

  it('refuses more bytes than were asked for', async () => {
    await expect(readSource(openSource(`${base}/x`, options), 1000)).rejects.toThrow(
      /longer than 1000 bytes/,
    );
  });

  it('gives up a server that sends a byte now and then, though it is never silent', async () => {
    const timers = new Set<NodeJS.Timeout>();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      const trickle = setInterval(() => response.write('x'), 20);
      timers.add(trickle);
      response.on('close', () => clearInterval(trickle));
    };
    await expect(read('/clip.wav?key=s3cret', { paceOverMs: 200 })).rejects.toThrow(
      /^(?!.*s3cret).*clip\.wav is too slow: \d+ bytes in \d+ s of waiting, expected at least 1000/,
    );
    timers.forEach(clearInterval);
  });

  it('counts only the time that the server takes, not that of its reader', async () => {
    const parts: Uint8Array[] = [];
    for await (const part of openSource(`${base}/clip.wav`, { ...options, paceOverMs: 1 }).read()) {
      parts.push(Uint8Array.from(part));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it('finds files of the hub under its configured address', async () => {
    await readSource(
      openSource('hf://org/repo/data/a.flac', { ...options, hub: `${base}/` }),
      most,
    );
    await readSource(openSource('hf://org/repo@v2/a.flac', { ...options, hub: base }), most);
    expect(asked.map(({ url }) => url)).toEqual([
      '/org/repo/resolve/main/data/a.flac',
      '/org/repo/resolve/v2/a.flac',
    ]);
  });
});

describe('a private address', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '[fd00::1]',
    'fe80::1',
    '::ffff:10.0.0.1',
    '[::ffff:7f00:1]',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '[::ffff:0:a9fe:a9fe]',
    '100::1',
    '100:0:0:1::1',
    '2001:db8::1',
    '2001:2::1',
    '3fff::1',
    '5f00::1',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '192.88.99.1',
    '2002:7f00:1::',
    '64:ff9b:1::7f00:1',
    'fec0::1',
  ])('is %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });
  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', 'example.com'])('is not %s', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe('reading from a bucket whose requester pays', () => {
  it('names the project that pays in every request', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        request.url?.includes('alt=media') ? 'abc' : JSON.stringify({ generation: '7', size: '3' }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env['STORAGE_EMULATOR_HOST'] = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const source = openSource('gs://clips/a.wav', { userProject: 'payer' });
      expect((await readSource(source, most)).toString()).toBe('abc');
      expect(asked).toHaveLength(2);
      expect(asked.filter((url) => !url.includes('userProject=payer'))).toEqual([]);
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST'];
      server.close();
    }
  });
});

describe('reading from a bucket', () => {
  let emulator: StorageEmulator;
  beforeAll(async () => {
    emulator = await startStorage({ port: 0, folder: null, log: null });
    await emulator.createBucket('clips');
    process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
    await openGcs().bucket('clips').file('a/b.wav').save(content, { resumable: false });
  });
  afterAll(async () => {
    delete process.env['STORAGE_EMULATOR_HOST'];
    await emulator.stop();
  });

  it('gives the bytes, a part of them, and their number', async () => {
    const source = openSource('gs://clips/a/b.wav');
    expect((await source.describe())?.bytes).toBe(50_000);
    expect((await readSource(source, most)).equals(content)).toBe(true);
    expect(await readSource(source, most, { offset: 49_990, bytes: 10 })).toEqual(
      content.subarray(49_990),
    );
    await expect(readSource(source, most, { offset: 49_990, bytes: 11 })).rejects.toThrow(
      /b\.wav ends before byte 50001/,
    );
  });

  it('says what is not there', async () => {
    expect(await openSource('gs://clips/nothing').describe()).toBeNull();
    await expect(readSource(openSource('gs://clips/nothing'), most)).rejects.toThrow(
      /no such object: gs:\/\/clips\/nothing/,
    );
  });
});

describe('reading a file', () => {
  it('gives bytes or says why not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-sources-'));
    writeFileSync(join(folder, 'x'), content);
    expect((await readSource(openSource(join(folder, 'x')), most)).equals(content)).toBe(true);
    expect(await readSource(openSource(join(folder, 'x')), most, { offset: 3, bytes: 4 })).toEqual(
      content.subarray(3, 7),
    );
    await expect(
      readSource(openSource(join(folder, 'x')), most, { offset: 49_990, bytes: 11 }),
    ).rejects.toThrow(/x ends before byte 50001/);
    await expect(readSource(openSource(join(folder, 'y')), most)).rejects.toThrow(
      /no such file: .*ENOENT/,
    );
    await expect(readSource(openSource(folder), most)).rejects.toThrow(SourceUnreadable);
    expect(await openSource(folder).describe()).toBeNull();
    expect(() => openSource('ftp://host/x')).toThrow(/ftp:\/\/ cannot be read/);
    rmSync(folder, { recursive: true });
  });
});
