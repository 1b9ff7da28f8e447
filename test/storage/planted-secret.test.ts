import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { ingestShard } from '../../activities/ingest-shard';
import { planCorpus } from '../../activities/plan-corpus';
import { carriesCredential } from '../../workflows/contract/credentials';
import { writeToneCorpus } from '../support/tone-corpus';
import { localDependencies } from '../../activities/local-dependencies';

const SECRET = 'hunter2-planted';

/**
 * A secret goes in wherever users put them; nothing that is kept, printed or thrown may hold it.
 */
describe('a planted secret', () => {
  let folder: string;
  let server: Server;
  let base: string;
  let printed: string;
  let deps: ActivityDependencies;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-secret-'));
    printed = '';
    for (const level of ['log', 'warn', 'error'] as const)
      jest.spyOn(console, level).mockImplementation((...args) => void (printed += args.join(' ')));
    process.env['HF_TOKEN'] = SECRET;
    server = createServer((request, response) => {
      // The first answer sends clients on to a signed address, as buckets and hubs do.
      if (request.url === '/moved.wav')
        return response
          .writeHead(302, { location: `/signed.wav?X-Goog-Signature=${SECRET}` })
          .end();
      response
        .writeHead(request.url?.startsWith('/gone') ? 404 : 200, {
          'set-cookie': SECRET,
          etag: '"1"',
        })
        .end('no audio at all');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    deps = {
      ...localDependencies(folder),
      sources: { allowPrivateHosts: true, retry: { firstPauseMs: 1, retryForMs: 10 } },
    };
  });
  afterEach(() => {
    jest.restoreAllMocks();
    delete process.env['HF_TOKEN'];
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const kept = (): string =>
    readdirSync(join(folder, 'store'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, 'store', name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'latin1'))
      .join('');
  const plan = (train: string) => {
    const corpus = {
      ...writeToneCorpus(folder, { train: 2, validation: 1, eval: 1 }),
      clipsPerShard: 64,
      maxRejected: 1,
    };
    return planCorpus(
      deps,
      { store: 'store', corpus: { ...corpus, train }, chunkSeconds: 1 },
      () => undefined,
    );
  };

  it('in the address of a clip is in no listing or reason; the clip is rejected', async () => {
    const host = base.slice('http://'.length);
    const audio = [
      `http://user:${SECRET}@${host}/a.wav`,
      `${base}/b.wav?X-Goog-Signature=${SECRET}`,
      `${base}/gone.wav?access_token=${SECRET}`,
      `${base}/moved.wav`,
      'audio/train-0.wav',
    ];
    writeToneCorpus(folder, { train: 2, validation: 1, eval: 1 });
    writeFileSync(
      join(folder, 'planted.jsonl'),
      audio.map((place, clip) => JSON.stringify({ clip: `${clip}`, audio: place })).join('\n'),
    );
    const { planKey, splits } = await plan('planted.jsonl');
    expect(splits.train).toMatchObject({ clips: 2, rejected: 3 });
    const ingested = await ingestShard(
      deps,
      { store: 'store', planKey, split: 'train', shard: 0 },
      () => undefined,
    );
    expect(ingested).toMatchObject({ clips: 1, rejected: 4 });
    const everything = kept();
    expect(everything.includes('its address carries a credential')).toBe(true);
    expect(everything.includes('/moved.wav')).toBe(true);
    expect((everything + printed + JSON.stringify(ingested)).includes(SECRET)).toBe(false);
  });

  it.each(['user:SECRET@HOST/t.jsonl', 'HOST/t.jsonl?token=SECRET', 'HOST/gone.jsonl?x=SECRET'])(
    'in the address of a table (%s) is not in the error',
    async (form) => {
      const host = base.slice('http://'.length);
      const address = `http://${form.replace('HOST', host).replace('SECRET', SECRET)}`;
      const error = await plan(address).then(
        () => null,
        (reason: unknown) => reason as Error,
      );
      expect(error).toMatchObject({
        code: 'RunFileInvalid',
        message: expect.stringMatching(/^corpus\.train: /),
      });
      for (let one: unknown = error; one instanceof Error; one = one.cause)
        expect(`${one.stack} ${JSON.stringify(one)}`).not.toContain(SECRET);
    },
  );

  it('is told from what only looks like one', () => {
    expect(
      ['https://u:p@h/x', 'gs://b/x?sig=1', 'https://h/x?a=1&X-Amz-Security-Token=2'].map(
        carriesCredential,
      ),
    ).toEqual([true, true, true]);
    expect(
      [
        'https://h/a@b.wav',
        'https://h/x?download=1',
        '/data/x?token=.wav'.replace('?token=', ''),
      ].map(carriesCredential),
    ).toEqual([false, false, false]);
  });
});
