import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { importModels } from '../../activities/import-models';
import { openGcs } from '../../storage/gcs/gcs-client';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import type { Teacher } from '../../workflows/contract/run-file-sections';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { localDependencies } from '../../activities/local-dependencies';

const alto = join(__dirname, '../../examples/instruments/teachers/alto');
const weights = readFileSync(join(alto, 'model.safetensors'));
const config = readFileSync(join(alto, 'config.json'));
const { id2label } = JSON.parse(config.toString()) as { id2label: Record<string, string> };
const vocabulary = Buffer.from(
  `index,mid,display_name\n${Object.keys(id2label)
    .map((index) => `${index},,"${id2label[Number(index)]}"`)
    .join('\n')}\n`,
);
const expected = createHash('sha256').update(weights).digest('hex');

/**
 * A model hub: `resolve` sends clients on to where the bytes lie, and the first transfer of the
 * weights breaks off half-way.
 */
describe('a teacher of a hub, a bucket or a web server', () => {
  let folder: string;
  let server: Server;
  let base: string;
  let ranges: (string | undefined)[];
  let deps: ActivityDependencies;

  beforeAll(async () => {
    server = createServer((request, response) => hub(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-import-'));
    ranges = [];
    deps = {
      ...localDependencies(folder),
      sources: {
        allowPrivateHosts: true,
        hub: base,
        retry: { firstPauseMs: 1, retryForMs: 2000 },
      },
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function hub(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '', base);
    const resolved = /^\/org\/alto\/resolve\/(main|v2)\/(.+)$/.exec(pathname);
    if (resolved) return void response.writeHead(302, { location: `/blobs/${resolved[2]}` }).end();
    const files: Record<string, Buffer> = {
      'config.json': config,
      'model.safetensors': weights,
      'labels.csv': vocabulary,
    };
    const content = files[pathname.split('/').at(-1) ?? ''];
    if (!pathname.startsWith('/blobs/') || !content) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? 'bytes=0-')?.[1]);
    if (content === weights) ranges.push(request.headers.range);
    response.writeHead(request.headers.range ? 206 : 200, {
      etag: '"one"',
      'content-length': content.length - from,
    });
    if (content !== weights || from > 0) return void response.end(content.subarray(from));
    response.write(content.subarray(0, 500_000), () => setTimeout(() => response.destroy(), 20));
  }

  const teacher = (checkpoint: string): Teacher => ({
    name: 'alto',
    format: 'ced',
    checkpoint,
    weight: 1,
  });
  const importing = (checkpoint: string, classes: string) =>
    importModels(deps, {
      store: 'store',
      vocabulary: classes,
      teachers: [teacher(checkpoint)],
      inits: [{ field: 'students[0].init', checkpoint }],
    });

  it.each(['hf://org/alto', 'hf://org/alto@v2'])(
    'is found at %s under the configured hub, goes on where a transfer broke, and is in the store',
    async (place) => {
      const { teachers, inits } = await importing(place, 'hf://org/alto/labels.csv');
      expect(teachers).toEqual([expect.objectContaining({ name: 'alto', sha256: expected })]);
      expect(inits[place]).toMatchObject({ sha256: expected });
      expect(ranges.slice(0, 2)).toEqual([undefined, 'bytes=500000-']);
      const stored = await deps.openStore('store').read(`models/${expected}/model.safetensors`);
      expect(weights.equals(stored ?? new Uint8Array())).toBe(true);
    },
  );

  it('is read from https:// as from a folder', async () => {
    expect(
      (await importing(`${base}/blobs/`, `${base}/blobs/labels.csv`)).teachers[0]?.sha256,
    ).toBe(expected);
  });

  it('is refused by name where it is not, or where its host may not be reached', async () => {
    await expect(importing('hf://org/nothing', `${base}/blobs/labels.csv`)).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^teachers\[0\]\.checkpoint: hf:\/\/org\/nothing\/config\.json cannot be read: .* answers 404, expected a folder, or /,
      ),
    });
    deps.sources = { hub: base };
    await expect(importing('hf://org/alto', 'hf://org/alto/labels.csv')).rejects.toThrow(
      /--allow-private-hosts/,
    );
  });

  describe('in a bucket', () => {
    let emulator: StorageEmulator;
    beforeAll(async () => {
      emulator = await startStorage({ port: 0, folder: null, log: null });
      await emulator.createBucket('teachers');
      process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
      const bucket = openGcs().bucket('teachers');
      await bucket.file('alto/config.json').save(config, { resumable: false });
      await bucket.file('alto/model.safetensors').save(weights, { resumable: false });
      await bucket.file('labels.csv').save(vocabulary, { resumable: false });
    });
    afterAll(async () => {
      delete process.env['STORAGE_EMULATOR_HOST'];
      await emulator.stop();
    });

    it('is read as an ONNX file too, with the vocabulary that its outputs mean', async () => {
      const bytes = onnxBytes(Object.keys(id2label).map(Number));
      await openGcs().bucket('teachers').file('net/means.onnx').save(bytes, { resumable: false });
      const net = {
        name: 'means',
        format: 'onnx',
        output: 'probabilities',
        weight: 1,
        spectrogramMasks: 'skip',
      } as const;
      const { teachers } = await importModels(deps, {
        store: 'store',
        vocabulary: 'gs://teachers/labels.csv',
        teachers: [
          {
            ...net,
            checkpoint: 'gs://teachers/net/means.onnx',
            vocabulary: 'gs://teachers/labels.csv',
          },
        ],
        inits: [],
      });
      expect(teachers[0]).toMatchObject({
        name: 'means',
        parameters: Object.keys(id2label).length,
      });
      const stored = await deps.openStore('store').list('models/');
      const copies = await Promise.all(stored.map((key) => deps.openStore('store').read(key)));
      expect(copies.filter((copy) => copy !== null && bytes.equals(copy))).toHaveLength(1);
    });

    it('is read as from a folder', async () => {
      expect(
        (await importing('gs://teachers/alto', 'gs://teachers/labels.csv')).teachers[0]?.sha256,
      ).toBe(expected);
    });
  });
});
