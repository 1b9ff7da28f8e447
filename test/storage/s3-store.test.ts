import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { open as openFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { ObjectCache } from '../../storage/object-cache';
import { openStore } from '../../storage/open-store';
import { openS3 } from '../../storage/s3/s3-client';
import { S3Store } from '../../storage/s3/s3-store';
import { openSource } from '../../storage/sources/open-source';
import { readSource, type Source } from '../../storage/sources/source';
import { ContentDiffers } from '../../storage/store';
import { startS3, type S3Server } from '../../tools/s3-server';

const MIB = 1 << 20;
const bytes = (text: string): Buffer => Buffer.from(text);

/** What becomes of a request; `undefined` passes it on. */
type Fate =
  'cut' | 'cut the answer' | 'lose the answer' | { status: number; body?: string } | undefined;

/** A real server, behind one that sees every request and may spoil it. */
describe('a store in a bucket of S3', () => {
  let folder: string;
  let server: S3Server;
  let between: ReturnType<typeof createServer>;
  let asked: IncomingMessage[];
  let fate: (question: IncomingMessage) => Fate | Promise<Fate>;
  let caches = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-s3-'));
    server = await startS3({ port: 0, folder: join(folder, 's3'), log: null });
    await server.createBucket('tests');
    between = createServer((question, answer) => void relay(question, answer)).listen(
      0,
      '127.0.0.1',
    );
    await once(between, 'listening');
  });
  afterAll(async () => {
    between.close();
    between.closeAllConnections();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
    fate = () => undefined;
  });

  async function relay(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    asked.push(question);
    const decided = await fate(question);
    if (decided === 'cut') return void question.once('data', () => question.socket.destroy());
    if (typeof decided === 'object') {
      question.resume().once('end', () => answer.writeHead(decided.status).end(decided.body));
      return;
    }
    const { method, url, headers } = question;
    const onward = ask({ port: server.port, method, path: url, headers }, (response) => {
      if (decided === 'lose the answer') return void question.socket.destroy();
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
      if (decided === 'cut the answer')
        response.once('data', () => setImmediate(() => question.socket.destroy()));
    });
    onward.on('error', () => answer.destroy());
    question.pipe(onward);
  }

  const endpoint = (): string => `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  const open = (
    over: { bucket?: string; requesterPays?: boolean; secret?: string } = {},
  ): S3Store =>
    new S3Store({
      client: openS3({
        ...server.environment(endpoint()),
        ...(over.secret === undefined ? {} : { AWS_SECRET_ACCESS_KEY: over.secret }),
      }),
      bucket: over.bucket ?? 'tests',
      prefix: `store-${++caches}`,
      cache: new ObjectCache({ folder: join(folder, `copies-${caches}`), maxBytes: 1e9 }),
      retry: { firstPauseMs: 5, retryForMs: 20_000 },
      ...(over.requesterPays === undefined ? {} : { requesterPays: over.requesterPays }),
    });
  /** The same store, past the server between. */
  const beside = ({ uri }: S3Store): S3Store =>
    new S3Store({
      client: openS3(server.environment()),
      bucket: 'tests',
      prefix: uri.replace('s3://tests/', ''),
      cache: new ObjectCache({ folder: join(folder, 'unused'), maxBytes: 1 }),
    });
  const kindsOf = (questions: IncomingMessage[]): string[] =>
    questions.map(({ method, url = '' }) => {
      const query = new URL(url, endpoint()).searchParams;
      return query.has('partNumber')
        ? `part ${query.get('partNumber')}`
        : query.has('uploads')
          ? 'begin'
          : query.has('uploadId')
            ? method === 'POST'
              ? 'end'
              : 'abandon'
            : String(method);
    });
  const large = Buffer.alloc(17 * MIB + 5, 'audio that takes a while');

  describe('writes a large object in parts', () => {
    it('and sends only the part again that broke off', async () => {
      let cuts = 2;
      fate = ({ url }) => (url?.includes('partNumber=2') && cuts-- > 0 ? 'cut' : undefined);
      const store = open();
      expect(await store.create('large', large)).toBe('created');
      expect(kindsOf(asked)).toEqual([
        ...['HEAD', 'begin', 'part 1', 'part 2', 'part 2', 'part 2', 'part 3', 'end'],
      ]);
      expect(Buffer.compare((await store.read('large')) ?? bytes(''), large)).toBe(0);
    });

    it('and sends none where the object is there', async () => {
      const store = open();
      await store.create('large', large);
      asked = [];
      expect(await store.create('large', large)).toBe('present');
      expect(kindsOf(asked)).toEqual(['HEAD', 'HEAD', 'GET']);
      await expect(store.create('large', large.subarray(1))).rejects.toThrow(ContentDiffers);
    });

    it('and loses to a writer that came first, leaving no parts behind', async () => {
      const store = open();
      const first = Buffer.alloc(large.length, 'other');
      // After the look for the object and before the end of the upload.
      fate = async ({ url }) => {
        if (!url?.includes('partNumber=3')) return undefined;
        fate = () => undefined;
        await beside(store).create('contested', first);
        return undefined;
      };
      await expect(store.create('contested', large)).rejects.toThrow(ContentDiffers);
      expect(kindsOf(asked)).toContain('abandon');
      expect(Buffer.compare((await store.read('contested')) ?? bytes(''), first)).toBe(0);
      const { Uploads } = await openS3(server.environment()).send(
        new ListMultipartUploadsCommand({ Bucket: 'tests' }),
      );
      expect(Uploads ?? []).toEqual([]);
    });

    it('and finds it there when the answer to its end was lost', async () => {
      let lost = 1;
      fate = (question) =>
        kindsOf([question])[0] === 'end' && lost-- > 0 ? 'lose the answer' : undefined;
      const store = open();
      expect(await store.create('ended', large)).toMatch(/created|present/);
      expect(Buffer.compare((await store.read('ended')) ?? bytes(''), large)).toBe(0);
    });

    it('and begins again when the server has lost it', async () => {
      let lost = 1;
      fate = ({ url }) =>
        url?.includes('partNumber=2') && lost-- > 0
          ? { status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' }
          : undefined;
      const store = open();
      expect(await store.create('again', large)).toBe('created');
      expect(kindsOf(asked).filter((kind) => kind === 'part 1')).toHaveLength(2);
      expect(Buffer.compare((await store.read('again')) ?? bytes(''), large)).toBe(0);
    });
  });

  it.each([
    ['one request', large.subarray(0, 1000)],
    ['parts', large],
  ])(
    'refuses an object, written in %s, whose bytes are damaged on the server',
    async (_, content) => {
      const store = open();
      await store.create('k', content);
      expect(Buffer.compare((await store.read('k')) ?? bytes(''), content)).toBe(0);
      const file = await openFile(join(folder, 's3', store.uri.replace('s3://', ''), 'k'), 'r+');
      await file.write(bytes('?'), 0, 1, 500);
      await file.close();
      await expect(store.read('k')).rejects.toMatchObject({
        code: 'EBADMSG',
        message: expect.stringMatching(/do not have its checksum/),
      });
    },
  );

  it('begins a read again when the object is replaced meanwhile', async () => {
    const store = open();
    await store.replace('k', Buffer.alloc(3 * MIB, 'old'));
    fate = async ({ method }) => {
      if (method !== 'GET') return undefined;
      fate = () => undefined;
      await beside(store).replace('k', Buffer.alloc(3 * MIB, 'new'));
      return undefined;
    };
    const read = (await store.read('k')) ?? bytes('');
    expect(Buffer.compare(read, Buffer.alloc(3 * MIB, 'new'))).toBe(0);
    expect(kindsOf(asked)).toEqual(['PUT', 'HEAD', 'GET', 'HEAD', 'GET']);
  });

  it('goes on where a transfer broke, with the same version as its condition', async () => {
    const store = open();
    await store.create('k', large.subarray(0, 3 * MIB));
    asked = [];
    let cuts = 2;
    fate = ({ method }) => (method === 'GET' && cuts-- > 0 ? 'cut the answer' : undefined);
    const parts: Uint8Array[] = [];
    for await (const part of store.stream('k')) parts.push(part);
    expect(Buffer.compare(Buffer.concat(parts), large.subarray(0, 3 * MIB))).toBe(0);
    const reads = asked.filter(({ method }) => method === 'GET').map(({ headers }) => headers);
    expect(reads).toHaveLength(3);
    expect(new Set(reads.map((headers) => headers['if-match'])).size).toBe(1);
    expect(reads.at(-1)?.range).toMatch(/^bytes=[1-9]\d*-3145727$/);
  });

  it('looks for its own object before it repeats a write', async () => {
    const store = open();
    fate = ({ method }) =>
      method !== 'PUT' ? undefined : asked.length > 1 ? 'cut' : 'lose the answer';
    expect(await store.create('k', large.subarray(0, 3 * MIB))).toBe('present');
    expect(kindsOf(asked).slice(0, 2)).toEqual(['PUT', 'HEAD']);
  });

  it('lists page after page', async () => {
    const entry = (key: string): string =>
      `<Contents><Key>store-p/${key}</Key><Size>3</Size></Contents>`;
    const page = (inside: string): string => `<ListBucketResult>${inside}</ListBucketResult>`;
    fate = ({ url = '' }) => ({
      status: 200,
      body: url.includes('continuation-token=more')
        ? page(entry('c'))
        : page(
            `${entry('b')}${entry('a&amp;b')}<IsTruncated>true</IsTruncated>` +
              '<NextContinuationToken>more</NextContinuationToken>',
          ),
    });
    const store = new S3Store({
      client: openS3(server.environment(endpoint())),
      bucket: 'tests',
      prefix: 'store-p',
      cache: new ObjectCache({ folder: join(folder, 'pages'), maxBytes: 1 }),
    });
    expect(await store.list('')).toEqual(['a&b', 'b', 'c']);
  });

  it('is opened by its URI, with endpoint and keys from the environment', async () => {
    const before = { ...process.env };
    Object.assign(process.env, server.environment());
    try {
      const store = openStore('/', 's3://tests/opened/', { cacheFolder: join(folder, 'opened') });
      expect(store.uri).toBe('s3://tests/opened');
      expect(await store.create('x', bytes('1'))).toMatch(/created|present/);
      expect((await readFile(await store.localFile('x'))).toString()).toBe('1');
    } finally {
      process.env = before;
    }
  });

  it('is read as a source, whole and in ranges, in one version', async () => {
    const before = { ...process.env };
    Object.assign(process.env, server.environment());
    try {
      const store = beside(open());
      const source = (): Source => openSource(`${store.uri}/a/b.wav`);
      expect(await source().describe()).toBeNull();
      await expect(readSource(source(), 100)).rejects.toThrow(/no such object: s3:\/\/tests/);
      await store.replace('a/b.wav', bytes('0123456789'));
      const first = await source().describe();
      expect(first).toMatchObject({ bytes: 10 });
      expect((await readSource(source(), 100)).toString()).toBe('0123456789');
      const range = { offset: 3, bytes: 4 };
      expect((await readSource(source(), 100, range)).toString()).toBe('3456');
      await expect(readSource(source(), 100, { offset: 8, bytes: 4 })).rejects.toThrow(
        /ends before/,
      );
      const opened = source();
      await opened.describe();
      await store.replace('a/b.wav', bytes('9876543210'));
      expect((await source().describe())?.fingerprint).not.toBe(first?.fingerprint);
      await expect(readSource(opened, 100)).rejects.toThrow(/was replaced while it was read/);
      expect(() => openSource('s3://tests')).toThrow(/expected gs:\/\/bucket\/object or s3:/);
    } finally {
      process.env = before;
    }
  });

  it('agrees to pay in every request if it is told to, and in none otherwise', async () => {
    for (const requesterPays of [true, false]) {
      const store = open({ requesterPays });
      await store.create('k', bytes('x'));
      await store.create('large', large);
      await store.read('k');
      await store.list('');
      await store.move('k', 'l');
      await store.remove('l');
      expect(new Set(asked.map(({ headers }) => headers['x-amz-request-payer']))).toEqual(
        new Set([requesterPays ? 'requester' : undefined]),
      );
      asked = [];
    }
  });

  it('tells a refusal in one permanent line without a credential', async () => {
    const secret = 'hunter2-planted';
    const store = open({ secret });
    for (const work of [
      () => store.read('k'),
      () => store.create('k', bytes('x')),
      () => store.list(''),
      () => store.move('k', 'l'),
    ]) {
      const error = await work().catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'StorageDenied',
        message: expect.stringMatching(/^s3:\/\/tests: access denied.*--requester-pays/),
      });
      const told = inspect(error, { depth: 9, showHidden: true });
      expect(told).not.toContain(secret);
      expect(told).not.toMatch(/Signature=|AWS4-HMAC/);
    }
    expect(asked).toHaveLength(4);
  });

  it.each([
    [301, 'PermanentRedirect', /another region.*set AWS_REGION/],
    [400, 'AuthorizationHeaderMalformed', /another region.*set AWS_REGION/],
    [400, 'ExpiredToken', /access denied/],
    [404, 'NoSuchBucket', /no such bucket/],
  ])('does not repeat a request after %i %s', async (status, code, message) => {
    fate = () => ({ status, body: `<Error><Code>${code}</Code><Message>so</Message></Error>` });
    await expect(open().create('k', bytes('x'))).rejects.toMatchObject({
      code: 'StorageDenied',
      message: expect.stringMatching(message),
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    [409, 'ConditionalRequestConflict'],
    [400, 'RequestTimeout'],
    [403, 'RequestTimeTooSkewed'],
    [503, 'SlowDown'],
    [500, 'InternalError'],
  ])('repeats a request after %i %s', async (status, code) => {
    fate = ({ method }) =>
      method === 'HEAD' || asked.length > 3
        ? undefined
        : { status, body: `<Error><Code>${code}</Code></Error>` };
    expect(await open().create('k', bytes('x'))).toBe('created');
    expect(kindsOf(asked)).toEqual(['PUT', 'HEAD', 'PUT', 'HEAD', 'PUT']);
  });

  it('names what is missing where neither credentials nor a region are found', async () => {
    const before = { ...process.env };
    for (const name of Object.keys(process.env))
      if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, { HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' });
    try {
      const store = (environment: NodeJS.ProcessEnv): S3Store =>
        new S3Store({
          client: openS3(environment),
          bucket: 'tests',
          prefix: '',
          cache: new ObjectCache({ folder: join(folder, 'none'), maxBytes: 1 }),
        });
      await expect(store({ AWS_REGION: 'eu-test-1' }).read('k')).rejects.toMatchObject({
        code: 'StorageDenied',
        message: expect.stringMatching(/^s3:\/\/tests: no credentials found; set AWS_PROFILE/),
      });
      const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
      await expect(store(keys).read('k')).rejects.toMatchObject({
        code: 'StorageDenied',
        message: expect.stringMatching(/^s3:\/\/tests: no region found; set AWS_REGION/),
      });
    } finally {
      process.env = before;
    }
  });
});
