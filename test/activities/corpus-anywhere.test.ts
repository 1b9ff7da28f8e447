import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { planCorpus } from '../../activities/plan-corpus';
import { openGcs } from '../../storage/gcs/gcs-client';
import { layout } from '../../storage/layout';
import { openStore } from '../../storage/open-store';
import { readRecord } from '../../storage/record';
import { sha256 } from '../../storage/store';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import { writeToneCorpus } from '../support/tone-corpus';
import { localDependencies } from '../../activities/local-dependencies';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';

/** Wherever the same clips lie, and wherever the store is, the same audio shards come out. */
describe('a corpus', () => {
  let folder: string;
  let emulator: StorageEmulator;
  let server: Server;
  let audioOfFolder: string[];
  const ignore = (): void => undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-anywhere-'));
    writeToneCorpus(folder, { train: 6, validation: 1, eval: 1 });
    emulator = await startStorage({ port: 0, folder: null, log: null });
    await emulator.createBucket('corpus');
    process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
    const bucket = openGcs().bucket('corpus');
    for (const name of [
      'vocabulary.csv',
      'train.jsonl',
      ...readdirSync(join(folder, 'audio')).map((file) => `audio/${file}`),
    ])
      await bucket.upload(join(folder, name), { destination: `tones/${name}`, resumable: false });
    server = createServer((request, response) =>
      response.end(readFileSync(join(folder, decodeURIComponent(request.url ?? '')))),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    audioOfFolder = await ingest('store', 'train.jsonl', 'vocabulary.csv');
    expect(audioOfFolder).toHaveLength(2);
  });
  afterAll(async () => {
    delete process.env['STORAGE_EMULATOR_HOST'];
    server.close();
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** SHA-256 of the audio shards. */
  async function ingest(store: string, train: string, vocabulary: string): Promise<string[]> {
    const deps = {
      ...localDependencies(folder),
      sources: { allowPrivateHosts: true },
      openStore: (uri: string) => openStore(folder, uri, { cacheFolder: join(folder, 'cache') }),
    };
    const corpus = { train, vocabulary, clipsPerShard: 4, maxRejected: 0 };
    const { planKey, splits } = await planCorpus(deps, { store, corpus, chunkSeconds: 1 }, ignore);
    const opened = deps.openStore(store);
    const shards: string[] = [];
    for (let shard = 0; shard < (splits.train?.shards ?? 0); shard++) {
      await ingestShard(deps, { store, planKey, split: 'train', shard }, ignore);
      const listing = await opened.read(layout.listing(planKey, 'train', shard));
      shards.push(
        (await readRecord(opened, layout.ingest(sha256(listing ?? '')), ingestRecord)).audioSha256,
      );
    }
    expect(
      (await finalizeCorpus(deps, { store, planKey, maxRejected: 0, chunkSeconds: 1 })).train,
    ).toMatchObject({
      clips: 6,
      rejected: 0,
      labelled: true,
    });
    return shards;
  }

  it('in a bucket, with the store in a bucket, gives the same shards as in a folder', async () => {
    expect(
      await ingest(
        'gs://corpus/runs/one',
        'gs://corpus/tones/train.jsonl',
        'gs://corpus/tones/vocabulary.csv',
      ),
    ).toEqual(audioOfFolder);
  });

  it('on a web server gives the same shards', async () => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await ingest('store-web', `${base}/train.jsonl`, `${base}/vocabulary.csv`)).toEqual(
      audioOfFolder,
    );
  });

  it("in CED's TSV gives the same shards", async () => {
    const rows = readFileSync(join(folder, 'train.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { audio: string });
    writeFileSync(
      join(folder, 'train.tsv'),
      `filename\tlabels\n${rows.map(({ audio }) => `${audio}\t0;1`).join('\n')}\n`,
    );
    expect(await ingest('store-tsv', 'train.tsv', 'vocabulary.csv')).toEqual(audioOfFolder);
  });

  describe('in WebDataset shards', () => {
    const tars = ['tones-0.tar', 'tones-1.tar'];
    let ranges: string[] = [];

    beforeAll(async () => {
      const rows = readFileSync(join(folder, 'train.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { audio: string; labels: string[] });
      for (const [index, { audio, labels }] of rows.entries()) {
        const json = audio.replace(/\.wav$/, '.json');
        writeFileSync(join(folder, json), JSON.stringify({ labels }));
        const tar = join(folder, tars[Math.floor(index / 3)]!);
        expect(
          spawnSync('tar', ['-C', folder, index % 3 === 0 ? '-cf' : '-rf', tar, audio, json])
            .status,
        ).toBe(0);
      }
      for (const tar of tars)
        await openGcs()
          .bucket('corpus')
          .upload(join(folder, tar), { destination: tar, resumable: false });
    });

    it('gives the same shards', async () => {
      expect(await ingest('store-tar', 'tones-{0..1}.tar', 'vocabulary.csv')).toEqual(
        audioOfFolder,
      );
    });

    it('in a bucket gives the same shards', async () => {
      expect(
        await ingest('store-gs-tar', 'gs://corpus/tones-{0..1}.tar', 'vocabulary.csv'),
      ).toEqual(audioOfFolder);
    });

    it('on a web server gives the same shards, each clip by a range of its own', async () => {
      const ranged = createServer((request, response) => {
        const bytes = readFileSync(join(folder, request.url ?? ''));
        const [, from = '0', to = String(bytes.length - 1)] =
          /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        if (request.method === 'GET') ranges.push(request.headers.range ?? 'all');
        const part = bytes.subarray(Number(from), Number(to) + 1);
        response.writeHead(request.headers.range ? 206 : 200, {
          'content-length': part.length,
          etag: '"one"',
          ...(request.headers.range
            ? { 'content-range': `bytes ${from}-${to}/${bytes.length}` }
            : {}),
        });
        response.end(request.method === 'HEAD' ? undefined : part);
      }).listen(0, '127.0.0.1');
      await once(ranged, 'listening');
      const base = `http://127.0.0.1:${(ranged.address() as AddressInfo).port}`;
      ranges = [];
      expect(await ingest('store-web-tar', `${base}/tones-{0..1}.tar`, 'vocabulary.csv')).toEqual(
        audioOfFolder,
      );
      ranged.close();
      expect(ranges.length).toBeGreaterThanOrEqual(6);
      expect(ranges).not.toContain('all');
    });
  });
});
