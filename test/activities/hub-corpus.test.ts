import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { readTables } from '../../activities/plan/read-table';
import { planCorpus } from '../../activities/plan-corpus';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';
import { layout } from '../../storage/layout';
import { openStore } from '../../storage/open-store';
import { readRecord } from '../../storage/record';
import { sha256 } from '../../storage/store';
import type { SourceOptions } from '../../storage/sources/source';
import { sourcesOf } from '../../workers/source-options';
import type { Plan } from '../../workflows/contract/activities';
import { encodeHubParquet } from '../../tools/corpora/hub-parquet';
import { noiseWav } from '../support/noise-wav';
import { HubServer } from '../support/hub-server';

const TOKEN = 'hf_planted-token';
const names = ['dog', 'rain', 'clock tick'];
const CLIPS_A_FILE = 10;
const SECONDS = 2;

const fileOf = (prefix: string, pageSize = 20_000): Uint8Array =>
  encodeHubParquet(
    Array.from({ length: CLIPS_A_FILE }, (_, row) => ({
      audio: { bytes: noiseWav(`${prefix} ${row}`, SECONDS), path: `${prefix} ${row}.wav` },
      label: row % 3,
    })),
    { names, rowGroupSize: 5, pageSize },
  );

describe('a gated dataset of Parquet files on the hub', () => {
  const files = new Map<string, Uint8Array>([
    ['README.md', Buffer.from('# sounds')],
    ['data/test-00000-of-00001.parquet', fileOf('test')],
    ['data/train-00000-of-00002.parquet', fileOf('first')],
    ['data/train-00001-of-00002.parquet', fileOf('second')],
  ]);
  let hub: HubServer;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-hub-'));
    hub = new HubServer('org/sounds', files, TOKEN);
    await hub.start();
    writeFileSync(
      join(folder, 'labels.csv'),
      formatVocabularyCsv(names.map((name) => ({ mid: '', name }))),
    );
  });
  afterEach(() => {
    hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const sources = (token?: string): SourceOptions => ({
    ...sourcesOf(
      { 'allow-private-hosts': true, 'requester-pays': false, 'user-project': undefined },
      { HF_ENDPOINT: hub.endpoint, ...(token === undefined ? {} : { HF_TOKEN: token }) },
    ),
    retry: { firstPauseMs: 5, retryForMs: 2000 },
  });
  const deps = () => ({
    ...localDependencies(folder),
    sources: sources(TOKEN),
    openStore: (uri: string) => openStore(folder, uri, { cacheFolder: join(folder, 'cache') }),
  });
  const train = 'hf://datasets/org/sounds/data/train-*.parquet';
  const plan = (clipsPerShard: number): Promise<Plan> =>
    planCorpus(
      deps(),
      {
        store: 'store',
        corpus: { train, vocabulary: 'labels.csv', clipsPerShard, maxRejected: 0 },
        chunkSeconds: 0.5,
      },
      () => undefined,
    );
  const ingest = async ({ planKey }: Plan, shard: number): Promise<void> => {
    await ingestShard(deps(), { store: 'store', planKey, split: 'train', shard }, () => undefined);
  };
  const sent = (): number =>
    [...hub.sent].reduce((sum, [path, bytes]) => sum + (path.includes('train') ? bytes : 0), 0);
  const size = files.get('data/train-00000-of-00002.parquet')!.length;

  it('is planned and ingested with its labels, and its token is stored nowhere', async () => {
    const planned = await plan(4);
    expect(planned.splits.train).toMatchObject({ shards: 5, clips: 20, rejected: 0 });
    for (let shard = 0; shard < 5; shard++) await ingest(planned, shard);
    const { planKey } = planned;
    const store = deps().openStore('store');
    for (let shard = 0; shard < 5; shard++) {
      const listing = await store.read(layout.listing(planKey, 'train', shard));
      const record = await readRecord(store, layout.ingest(sha256(listing ?? '')), ingestRecord);
      for (const { clip, labels, sha256: content } of record.clips) {
        const pcm = await decodeClip(() => [noiseWav(clip.slice(0, -4), SECONDS)], clip);
        expect(content).toBe(sha256(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)));
        expect(labels).toEqual([Number(/\d+/.exec(clip)?.[0]) % 3]);
      }
    }
    await finalizeCorpus(deps(), { store: 'store', planKey, maxRejected: 0, chunkSeconds: 0.5 });
    const everything = readdirSync(join(folder, 'store'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(everything.length).toBeGreaterThan(10);
    expect(everything.filter((text) => text.includes(TOKEN))).toEqual([]);
    expect(JSON.stringify(planned)).not.toContain(TOKEN);
  });

  it('sends little for a plan, and each page of audio once for its shards', async () => {
    const planned = await plan(5);
    const forPlan = sent();
    expect(forPlan).toBeLessThan(0.3 * 2 * size);
    hub.sent.clear();
    await ingest(planned, 1);
    // The second row group of the first file.
    expect([...hub.sent.keys()]).toEqual(['data/train-00000-of-00002.parquet']);
    expect(sent()).toBeLessThan(0.51 * size);
    hub.sent.clear();
    await ingest(planned, 2);
    expect(sent()).toBeLessThan(0.51 * size);
  });

  it('is refused without a token by a message that names HF_TOKEN', async () => {
    for (const pattern of [train, 'hf://datasets/org/sounds/data/train-00000-of-00002.parquet'])
      await expect(readTables(folder, 'corpus.train', pattern, sources())).rejects.toMatchObject({
        code: 'RunFileInvalid',
        message: expect.stringMatching(/corpus\.train: hf:.* answers 401; .*set HF_TOKEN/),
      });
  });

  it('is refused by name where no file matches', async () => {
    await expect(
      readTables(folder, 'corpus.train', 'hf://datasets/org/sounds/*.parquet', sources(TOKEN)),
    ).rejects.toThrow(/\*\.parquet cannot be read: none of 4 files matches/);
  });
});

describe('a pattern of tables in a folder', () => {
  it('names the files that match it, in the order of their names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-stars-'));
    for (const name of ['b', 'a', 'c'])
      writeFileSync(join(folder, `${name}-train.parquet`), fileOf(name));
    writeFileSync(join(folder, 'test.parquet'), fileOf('test'));
    const { rows } = await readTables(folder, 'corpus.train', '*-train.parquet', {});
    expect(rows.filter((_, row) => row % CLIPS_A_FILE === 0).map(({ clip }) => clip)).toEqual([
      'a 0.wav',
      'b 0.wav',
      'c 0.wav',
    ]);
    rmSync(folder, { recursive: true, force: true });
  });
});
