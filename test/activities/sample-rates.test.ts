import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { npyHeaderBytes, samplesFromBytes } from '../../ced/audio/npy';
import { positionAtRate } from '../../ced/audio/sample-rates';
import { decodeShardTable } from '../../ced/audio/shard-table';
import { encodeWav } from '../../ced/audio/wav-file';
import { readStoreUnits } from '../../cli/store/store-units';
import { verifyStore } from '../../cli/store/store-verification';
import { ingestRecord, type IngestManifest } from '../../storage/corpus/ingest-manifest';
import { readPlan } from '../../storage/corpus/plan-manifest';
import { rateRecord, type RateManifest } from '../../storage/corpus/rate-manifest';
import { layout } from '../../storage/layout';
import { encodeRecord, readRecord } from '../../storage/record';
import type { IngestedShard } from '../../workflows/contract/activities';
import { storeBelow } from '../support/in-process';

const ignore = (): void => undefined;

/** Two tones, the second above 8 kHz; noise of one bit makes every clip its own. */
const clipAt = (rate: number, seconds: number, high: number, salt: number): Int16Array =>
  Int16Array.from({ length: Math.round(rate * seconds) }, (_, n) =>
    Math.round(
      6000 * Math.sin((2 * Math.PI * 440 * n) / rate) +
        6000 * Math.sin((2 * Math.PI * high * n) / rate) +
        ((n * salt) % 3),
    ),
  );

describe('a corpus at further sample rates', () => {
  let folder = '';
  let store = storeBelow(folder);
  const files = new Map<string, Int16Array>();

  const write = (name: string, pcm: Int16Array, rate: number): void => {
    files.set(name, pcm);
    writeFileSync(join(folder, `${name}.wav`), encodeWav(pcm, { rate }));
  };
  /** Clips a to d are whole files, e and f parts of a; `torn` cannot be read. */
  const plan = async (): Promise<string> => {
    const row = (clip: string, more: object = {}): string =>
      JSON.stringify({ clip, audio: `${clip}.wav`, labels: [0], ...more });
    const rows = [
      row('a'),
      row('torn'),
      row('b'),
      row('c'),
      row('d'),
      row('e', { audio: 'a.wav', start: 0.10003, end: 0.5 }),
      row('f', { audio: 'a.wav', start: 0.3, end: 1 }),
    ];
    writeFileSync(join(folder, 'train.jsonl'), rows.join('\n'));
    const corpus = { train: 'train.jsonl', vocabulary: 'v.csv', clipsPerShard: 9, maxRejected: 1 };
    const deps = localDependencies(folder, store);
    return (await planCorpus(deps, { store: '', corpus, chunkSeconds: 1 }, ignore)).planKey;
  };
  const ingest = (planKey: string, sampleRates?: number[]): Promise<IngestedShard> =>
    ingestShard(
      localDependencies(folder, store),
      { store: '', planKey, split: 'train', shard: 0, ...(sampleRates ? { sampleRates } : {}) },
      ignore,
    );
  const usualKey = async (planKey: string): Promise<string> =>
    layout.ingest((await readPlan(store, planKey)).splits.train!.listings[0]!);
  const usual = async (planKey: string): Promise<IngestManifest> =>
    await readRecord(store, await usualKey(planKey), ingestRecord);
  const rateManifest = async (planKey: string, rate: number): Promise<RateManifest> =>
    await readRecord(store, layout.ingestAtRate(await usualKey(planKey), rate), rateRecord);
  const samplesAt = async (
    { audioSha256, clips }: RateManifest,
    index: number,
  ): Promise<Int16Array> => {
    const bytes = (await store.read(layout.audio(audioSha256)))!;
    const { offset, samples } = clips[index]!;
    const start = npyHeaderBytes + offset * 2;
    return samplesFromBytes(bytes.subarray(start, start + samples * 2));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-rates-'));
    store = storeBelow(folder);
    writeFileSync(join(folder, 'v.csv'), 'index,mid,display_name\n0,/t/0,x\n');
    writeFileSync(join(folder, 'torn.wav'), 'RIFF and no more');
    write('a', clipAt(48_000, 1, 12_000, 5), 48_000);
    write('b', clipAt(44_100, 1.00003, 15_000, 7), 44_100);
    write('c', clipAt(16_000, 0.7, 3000, 11), 16_000);
    write('d', files.get('a')!, 48_000);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has the clips of 16 kHz in their order, as long as there', async () => {
    const planKey = await plan();
    expect(await ingest(planKey, [32_000, 48_000])).toMatchObject({ clips: 6, rejected: 1 });
    const { audioSha256, clips } = await usual(planKey);
    for (const rate of [32_000, 48_000]) {
      const manifest = await rateManifest(planKey, rate);
      expect(manifest).toMatchObject({ sampleRate: rate, of: audioSha256 });
      expect(manifest.clips.map(({ samples }) => samples)).toEqual(
        clips.map(({ samples }) => positionAtRate(samples, rate)),
      );
      const table = await decodeShardTable(
        (await store.read(layout.audioTable(manifest.audioSha256)))!,
      );
      expect(table.map(({ clip }) => clip)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      // a and d are one recording.
      expect(manifest.clips[3]).toEqual(manifest.clips[0]);
    }
  });

  it('holds audio of that very rate bit by bit, whole and in parts', async () => {
    const planKey = await plan();
    await ingest(planKey, [48_000]);
    const manifest = await rateManifest(planKey, 48_000);
    const whole = files.get('a')!;
    expect(await samplesAt(manifest, 0)).toEqual(whole);
    const from = 3 * Math.round(0.10003 * 16_000);
    expect(await samplesAt(manifest, 4)).toEqual(whole.slice(from, 24_000));
    expect(await samplesAt(manifest, 5)).toEqual(whole.slice(14_400));
  });

  it('leaves the bytes at 16 kHz, whether a rate is made with them or later', async () => {
    const planKey = await plan();
    await ingest(planKey);
    const before = await store.inventory();
    const alone = await usual(planKey);
    expect(await ingest(planKey, [32_000])).toMatchObject({ clips: 6, rejected: 1, reused: false });
    expect(await ingest(planKey, [32_000])).toMatchObject({ reused: true });
    expect(await ingest(planKey)).toMatchObject({ reused: true });
    const after = new Map((await store.inventory()).map((object) => [object.key, object]));
    for (const object of before) expect(after.get(object.key)).toEqual(object);
    expect(after.size).toBe(before.length + 3);
    const later = await rateManifest(planKey, 32_000);

    const other = mkdtempSync(join(tmpdir(), 'ced-rates-'));
    store = storeBelow(other);
    const planned = await plan();
    await ingest(planned, [32_000]);
    expect({ ...(await usual(planned)), seconds: 0 }).toEqual({ ...alone, seconds: 0 });
    expect({ ...(await rateManifest(planned, 32_000)), seconds: 0 }).toEqual({
      ...later,
      seconds: 0,
    });
    rmSync(other, { recursive: true });
  });

  it('is refused by name where a clip is not what it was at 16 kHz', async () => {
    const planKey = await plan();
    await ingest(planKey);
    write('b', clipAt(44_100, 1.00003, 14_000, 13), 44_100);
    await expect(ingest(planKey, [32_000])).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(
        /^corpus\.train: clip b is not what it was when its audio was kept at 16 kHz; start the/,
      ) as unknown,
    });
    rmSync(join(folder, 'b.wav'));
    await expect(ingest(planKey, [32_000])).rejects.toThrow(/clip b is not what it was.*ENOENT/);
    expect(await store.exists(layout.ingestAtRate(await usualKey(planKey), 32_000))).toBe(false);
  });

  it('leaves out a clip that was rejected, though it can be read by now', async () => {
    const planKey = await plan();
    await ingest(planKey);
    write('torn', clipAt(48_000, 1, 9000, 17), 48_000);
    await ingest(planKey, [32_000]);
    expect((await rateManifest(planKey, 32_000)).clips).toHaveLength(6);
  });

  it('is made again with the same bytes where its audio or manifest is lost', async () => {
    const planKey = await plan();
    await ingest(planKey, [32_000, 48_000]);
    const before = await rateManifest(planKey, 32_000);
    await store.remove(layout.audio(before.audioSha256));
    expect(await ingest(planKey, [32_000, 48_000])).toMatchObject({ reused: false });
    expect(await store.exists(layout.audio(before.audioSha256))).toBe(true);
    await store.remove(layout.ingestAtRate(await usualKey(planKey), 32_000));
    await ingest(planKey, [32_000, 48_000]);
    expect({ ...(await rateManifest(planKey, 32_000)), seconds: 0 }).toEqual({
      ...before,
      seconds: 0,
    });
    // Both are lost at 16 kHz.
    const { audioSha256 } = await usual(planKey);
    await store.remove(layout.audio(audioSha256));
    await store.remove(await usualKey(planKey));
    await ingest(planKey, [32_000, 48_000]);
    expect((await usual(planKey)).audioSha256).toBe(audioSha256);
  });

  it('is refused where its audio is lost and was other audio of the same clips', async () => {
    const planKey = await plan();
    await ingest(planKey, [48_000]);
    const manifest = await rateManifest(planKey, 48_000);
    const key = layout.ingestAtRate(await usualKey(planKey), 48_000);
    await store.remove(key);
    const earlier = { ...manifest, audioSha256: 'e'.repeat(64) };
    await store.create(key, encodeRecord(key, earlier));
    await expect(ingest(planKey, [48_000])).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(
        /^corpus\.train: audio shard e+ is damaged, and its so/,
      ) as unknown,
    });
  });

  it('is refused at an absurd rate', async () => {
    const planKey = await plan();
    for (const rate of [0, 999, 192_001, 44_100.5])
      await expect(ingest(planKey, [rate])).rejects.toMatchObject({
        code: 'RunFileInvalid',
        message: `sampleRate: ${rate} Hz, expected a whole number from 1000 to 192000`,
      });
  });

  it('is refused where a shard outgrows memory at all its rates together', async () => {
    const planKey = await plan();
    const deps = localDependencies(folder, store);
    const sources = { ...deps.sources, largestShardBytes: 400_000 };
    const at = { store: '', planKey, split: 'train', shard: 0 } as const;
    await expect(
      ingestShard({ ...deps, sources }, { ...at, sampleRates: [48_000, 96_000] }, ignore),
    ).rejects.toThrow(/more than 400000 bytes of audio at the sample rates of its teachers; take/);
    await ingestShard({ ...deps, sources }, at, ignore);
  });

  it('is verified, and referred to by its plan', async () => {
    const planKey = await plan();
    await ingest(planKey, [32_000]);
    await finalizeCorpus(localDependencies(folder, store), {
      ...{ store: '', planKey, maxRejected: 1, chunkSeconds: 1 },
    });
    const { audioSha256 } = await rateManifest(planKey, 32_000);
    expect(await verifyStore(store)).toMatchObject({ damaged: [], leftOver: [] });
    const units = await readStoreUnits(store);
    const names = [`audio/${audioSha256}`, layout.ingestAtRate(await usualKey(planKey), 32_000)];
    for (const name of names)
      expect(units.find((unit) => unit.name === name)?.referredBy).toEqual([`plans/${planKey}`]);

    const audio = await store.read(layout.audio(audioSha256));
    audio![npyHeaderBytes + 9]! ^= 1;
    await store.remove(layout.audio(audioSha256));
    await store.create(layout.audio(audioSha256), audio!);
    const { damaged } = await verifyStore(store);
    expect(damaged.map(({ key }) => key)).toEqual([layout.audio(audioSha256)]);
  });
});
