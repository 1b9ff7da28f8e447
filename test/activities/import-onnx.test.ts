/** @jest-environment ./test/support/one-realm-environment.cjs */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, globalAgent, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { importModels } from '../../activities/import-models';
import { loadWaveformNet, readWaveformManifest } from '../../storage/models/waveform-folder';
import { openEngine } from '../../ced/engine/engine';
import { certificateOfLocalhost } from '../support/certificate';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { localDependencies } from '../../activities/local-dependencies';

const gains = Array.from({ length: 40_000 }, (_, index) => (index % 7) - 3);
const model = onnxBytes(gains);
const classes = Buffer.from(
  `index,mid,display_name\n${gains.map((_, index) => `${index},,class ${index}`).join('\n')}\n`,
);
const half = model.length >> 1;

type Answer = (request: IncomingMessage, response: ServerResponse, from: number) => void;

/**
 * Web servers that speak TLS: a hub that sends on to another host for large files, as Hugging
 * Face's does, and that host.
 */
describe('an ONNX teacher behind https://', () => {
  let folder: string;
  let hub: Server;
  let files: Server;
  let deps: ActivityDependencies;
  let ranges: string[];
  let sendModel: Answer;
  let linkedEtag: string;

  const addressOf = (server: Server): string =>
    `https://localhost:${(server.address() as AddressInfo).port}`;
  const sendAll: Answer = (_, response, from) => {
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"v1"',
      'content-length': model.length - from,
    });
    response.end(model.subarray(from));
  };
  const breakOffAtHalf: Answer = (_, response) => {
    response.writeHead(200, { etag: '"v1"', 'content-length': model.length });
    response.write(model.subarray(0, half), () => setTimeout(() => response.destroy(), 20));
  };

  beforeAll(async () => {
    const certificate = certificateOfLocalhost();
    globalAgent.options.ca = certificate.cert;
    files = createServer(certificate, (request, response) => {
      const { range = 'bytes=0-' } = request.headers;
      ranges.push(`${request.headers.range ?? 'all'} ${request.headers['if-range'] ?? ''}`.trim());
      sendModel(request, response, Number(/^bytes=(\d+)-/.exec(range)?.[1]));
    }).listen(0, '127.0.0.1');
    hub = createServer(certificate, (request, response) => {
      if (request.url === '/org/net/resolve/main/labels.csv' || request.url === '/labels.csv')
        return response.end(classes);
      if (request.url !== '/org/net/resolve/main/model.onnx') return response.writeHead(404).end();
      return response
        .writeHead(302, {
          location: `${addressOf(files)}/blob?signature=s3cret`,
          'x-linked-etag': linkedEtag,
        })
        .end();
    }).listen(0, '127.0.0.1');
    await Promise.all([once(hub, 'listening'), once(files, 'listening')]);
  });
  afterAll(() => {
    delete globalAgent.options.ca;
    for (const server of [hub, files]) {
      server.closeAllConnections();
      server.close();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-import-onnx-'));
    ranges = [];
    sendModel = sendAll;
    linkedEtag = `"${createHash('sha256').update(model).digest('hex')}"`;
    deps = {
      ...localDependencies(folder),
      sources: {
        allowPrivateHosts: true,
        hub: addressOf(hub),
        retry: { firstPauseMs: 1, retryForMs: 2000 },
      },
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const importing = async (
    checkpoint: string,
    vocabulary = `${addressOf(hub)}/labels.csv`,
    store = 'store',
  ) => {
    const net = {
      name: 'net',
      format: 'onnx',
      output: 'probabilities',
      weight: 1,
      spectrogramMasks: 'skip',
    } as const;
    return await importModels(deps, {
      store,
      vocabulary,
      teachers: [{ ...net, checkpoint, vocabulary }],
      inits: [],
    });
  };

  it.each(['https://', 'hf://'])(
    'is read from %s, with its vocabulary, is the model that it is in a folder, and runs',
    async (scheme) => {
      writeFileSync(join(folder, 'net.onnx'), model);
      writeFileSync(join(folder, 'labels.csv'), classes);
      const [fromFolder] = (await importing('net.onnx', 'labels.csv', 'other')).teachers;
      const [teacher] =
        scheme === 'hf://'
          ? (await importing('hf://org/net/model.onnx', 'hf://org/net/labels.csv')).teachers
          : (await importing(`${addressOf(files)}/net.onnx`)).teachers;
      expect(teacher).toEqual(fromFolder);
      expect(teacher?.parameters).toBe(gains.length);

      const store = deps.openStore('store');
      const manifest = await readWaveformManifest(store, teacher!.sha256);
      const net = await loadWaveformNet(store, openEngine(), teacher!.sha256, manifest!);
      const { values, shape } = await net.run(Float32Array.of(0.5, 1, 0, 0.5), 1, 4);
      expect([shape, values[0], values[6]]).toEqual([[1, gains.length], -1.5, 1.5]);
      net.dispose();
    },
  );

  it('goes on from the byte where its transfer broke off, if it is still the same', async () => {
    sendModel = (request, response, from) =>
      (from === 0 ? breakOffAtHalf : sendAll)(request, response, from);
    const { teachers } = await importing('hf://org/net/model.onnx');
    expect(teachers[0]?.parameters).toBe(gains.length);
    expect(ranges).toEqual(['all', `bytes=${half}- "v1"`]);
  });

  it('that is replaced while it is read is refused, not joined of two', async () => {
    sendModel = (request, response, from) => {
      if (from === 0) return breakOffAtHalf(request, response, from);
      response.writeHead(200, { etag: '"v2"' });
      response.end(model);
    };
    await expect(importing(`${addressOf(files)}/net.onnx`)).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^teachers\[0\]\.checkpoint: https:\/\/localhost:\d+\/net\.onnx cannot be read: .* changed while/,
      ) as unknown,
    });
  });

  it("is refused if its bytes differ from the hub's, without telling a signature", async () => {
    const damaged = Buffer.from(model);
    damaged[half] = damaged[half]! ^ 1;
    sendModel = (_, response) => response.end(damaged);
    const failure = await importing('hf://org/net/model.onnx').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^teachers\[0\]\.checkpoint: hf:\/\/org\/net\/model\.onnx cannot be read: .*is not what its server states/,
      ) as unknown,
    });
    expect((failure as Error).message).not.toMatch(/s3cret/);
  });

  it('that is a page for people, or keeps its weights elsewhere, is refused by name', async () => {
    sendModel = (_, response) => response.end('<!doctype html><title>Please sign in</title>');
    await expect(importing(`${addressOf(files)}/net.onnx`)).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringContaining('/net.onnx: ') as unknown,
    });
    sendModel = (_, response) => response.end(onnxBytes(gains, { isExternal: true }));
    await expect(importing(`${addressOf(files)}/net.onnx`)).rejects.toThrow(
      /another file \(external data\); save it as one file/,
    );
  });

  it('is refused from an unverified host, and from this machine unless allowed', async () => {
    // Connections that were allowed are kept alive.
    globalAgent.destroy();
    delete deps.sources?.allowPrivateHosts;
    await expect(importing(`${addressOf(files)}/net.onnx`)).rejects.toThrow(
      /localhost is a private address; start the worker with --allow-private/,
    );
    deps.sources = { ...deps.sources, allowPrivateHosts: true };
    const { ca } = globalAgent.options;
    delete globalAgent.options.ca;
    await expect(importing(`${addressOf(files)}/net.onnx`)).rejects.toThrow(
      /^corpus\.vocabulary: .*cannot be read \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
    );
    globalAgent.options.ca = ca;
    expect(ranges).toEqual([]);
  });
});
