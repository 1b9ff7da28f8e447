import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { positionAtRate } from '../../ced/audio/sample-rates';
import { clipsAtRate, readAudioShard } from '../../storage/corpus/clips-at-rate';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import type { RateManifest } from '../../storage/corpus/rate-manifest';
import { layout } from '../../storage/layout';
import { encodeRecord } from '../../storage/record';
import { sampleCorpus, sampleIngest } from '../support/sample-records';
import { storeBelow } from '../support/in-process';

const planKey = 'p'.repeat(64);
const audio16k = ['1'.repeat(64), '2'.repeat(64)];
const audio48k = ['3'.repeat(64), '4'.repeat(64)];

function rateManifest(shard: number, change: Partial<RateManifest> = {}): RateManifest {
  const ids = [`a${shard}`, `b${shard}`];
  const clips = ids.map((clip, index) => ({
    ...{ sha256: Buffer.from(`${clip} at 48 kHz`.padEnd(32)).toString('hex') },
    ...{ offset: 48_000 * index, samples: 48_000 },
  }));
  const named = { formatVersion: 1, sampleRate: 48_000, of: audio16k[shard]! } as const;
  return { ...named, audioSha256: audio48k[shard]!, audioBytes: 1, clips, seconds: 1, ...change };
}

describe('a corpus at a further sample rate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-at-rate-'));
  const store = storeBelow(folder);
  const ingestOf = (shard: number): string => layout.ingest(String(shard + 7).repeat(64));
  const create = (key: string, value: object): Promise<unknown> =>
    store.create(key, encodeRecord(key, value));
  const createRate = (shard: number, change?: Partial<RateManifest>): Promise<unknown> =>
    create(layout.ingestAtRate(ingestOf(shard), 48_000), rateManifest(shard, change));

  beforeAll(async () => {
    const shardsOf = [0, 1].map((shard) => ({
      ...{ ingest: ingestOf(shard), audioSha256: audio16k[shard]!, clips: 2, chunks: 2 },
    }));
    await create(layout.corpus(planKey), sampleCorpus([{ mid: '', name: 'a' }], shardsOf));
    for (const shard of [0, 1])
      await create(ingestOf(shard), sampleIngest(audio16k[shard]!, [`a${shard}`, `b${shard}`]));
    await createRate(0);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names the shard of which it has no audio at that rate', async () => {
    const corpus = await readCorpusClips(store, planKey, 'train');
    await expect(
      clipsAtRate(store, { planKey, split: 'train' }, corpus, 48_000),
    ).rejects.toMatchObject({
      damages: [{ kind: 'audio', split: 'train', shard: 1 }],
      message: expect.stringMatching(/ingest\/8+-48000\.json is missing$/) as unknown,
    });
  });

  it('has the clips of 16 kHz in their order, and chunks at the same times', async () => {
    await createRate(1);
    const corpus = await readCorpusClips(store, planKey, 'train');
    const atRate = await clipsAtRate(store, { planKey, split: 'train' }, corpus, 48_000);
    expect(atRate.audioShards).toEqual(audio48k);
    expect(atRate.clips.map(({ clip, shard, offset }) => [clip, shard, offset])).toEqual([
      ['a0', 0, 0],
      ['b0', 0, 48_000],
      ['a1', 1, 0],
      ['b1', 1, 48_000],
    ]);
    expect(atRate.clips[3]!.chunks).toEqual([{ start: 0, length: positionAtRate(16_000, 48_000) }]);
    expect(atRate.contentSha256).not.toBe(corpus.contentSha256);
    expect(await clipsAtRate(store, { planKey, split: 'train' }, corpus, 16_000)).toBe(corpus);
  });

  it('gives another process its audio shard by name and the places of its clips', async () => {
    const at = { planKey, split: 'train', shard: 1 } as const;
    const corpus = await readCorpusClips(store, planKey, 'train', { only: 1 });
    const { audio, clips } = await readAudioShard(store, corpus, at, 48_000);
    const sha256 = audio48k[1]!;
    expect(audio).toEqual({ key: `audio/${sha256}.npy`, sha256, sampleRate: 48_000 });
    expect(clips.map(({ offset }) => offset)).toEqual([0, 48_000]);
    expect(clips[0]).toMatchObject({
      sha256: 'a1'.padEnd(64, '0'),
      chunks: [{ start: 0, length: 16_000 }],
    });
    const usual = await readAudioShard(store, corpus, at, 16_000);
    expect(usual.audio.sha256).toBe(audio16k[1]);
    expect(usual.clips.map(({ offset }) => offset)).toEqual([0, 16_000]);
  });

  it('is refused where its audio belongs to another shard at 16 kHz', async () => {
    const key = layout.ingestAtRate(ingestOf(0), 48_000);
    await store.remove(key);
    await createRate(0, { of: '9'.repeat(64) });
    const at = { planKey, split: 'train', shard: 0 } as const;
    const corpus = await readCorpusClips(store, planKey, 'train', { only: 0 });
    await expect(readAudioShard(store, corpus, at, 48_000)).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/shard 0 at 48000 Hz belongs to other audio/) as unknown,
    });
  });
});
