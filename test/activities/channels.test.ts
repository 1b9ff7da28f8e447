import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { listShards } from '../../ced/corpus/shards';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';
import { layout } from '../../storage/layout';
import { readRecord } from '../../storage/record';
import { sha256 } from '../../storage/store';
import { wavBytes, type WavSpec } from '../ced/audio/wav-bytes';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const SAMPLES = 4000;
const tone = (hertz: number, amplitude: number): number[] =>
  Array.from({ length: SAMPLES }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * n) / 16_000)),
  );
const peak = (pcm: Int16Array): number => pcm.reduce((most, each) => Math.max(most, each), 0);

const decode = (
  bytes: Uint8Array,
  channels?: 'mix' | 'first' | 'loudest',
  program = '/nowhere/ffmpeg',
): Promise<Int16Array> =>
  decodeClip(() => [bytes], 'clip.wav', { program, ...(channels ? { channels } : {}) });

describe('a clip of several channels', () => {
  it.each([1, 2, 3, 8, 64])('is mixed, or one is taken: %d channels', async (count) => {
    const raw = Array.from({ length: count }, (_, at) =>
      tone(200 + 10 * at, at === count - 1 ? 9000 : 6000),
    );
    for (const spec of [{ bits: 16 }, { bits: 24 }] as WavSpec[]) {
      const file = wavBytes(raw, spec);
      const scale = spec.bits === 16 ? 1 : 256;
      const expected = (values: (at: number) => number) =>
        Array.from({ length: SAMPLES }, (_, at) => {
          const value = values(at) / scale;
          return Math.sign(value) * Math.floor(Math.abs(Math.fround(value)) + 0.5) + 0;
        });
      const pcm = async (channels?: 'mix' | 'first' | 'loudest') =>
        Array.from(await decode(file, channels), (sample) => sample + 0);
      expect(await pcm('first')).toEqual(expected((at) => raw[0]![at]!));
      expect(await pcm('loudest')).toEqual(expected((at) => raw[count - 1]![at]!));
      expect(await pcm('mix')).toEqual(await pcm());
      const mean = expected((at) => raw.reduce((sum, each) => sum + each[at]!, 0) / count);
      const off = (await pcm()).map((sample, at) => Math.abs(sample - mean[at]!));
      expect(Math.max(...off)).toBeLessThanOrEqual(1);
    }
  });

  it.each([16_000, 44_100])(
    'is refused by name when its channels cancel, unless one is chosen (%d Hz)',
    async (sampleRate) => {
      const left = tone(440, 8000);
      const bytes = wavBytes([left, left.map((sample) => -sample)], { bits: 16, sampleRate });
      await expect(decode(bytes)).rejects.toThrow(
        'channelsCancel: its 2 channels cancel: ' +
          'choose corpus.channels (--channels) first or loudest',
      );
      for (const channels of ['first', 'loudest'] as const)
        expect(peak(await decode(bytes, channels))).toBeGreaterThan(7900);
    },
  );

  it('is read when it is quiet, or silent, in all its channels', async () => {
    const quiet = wavBytes([tone(440, 40), tone(300, 30)], { bits: 16 });
    expect(peak(await decode(quiet))).toBeGreaterThan(25);
    const silent = wavBytes([tone(440, 0), tone(440, 0)], { bits: 16 });
    expect(peak(await decode(silent))).toBe(0);
  });

  it('is read anew from its start for its levels, and no more often than that', async () => {
    const stereo = readFileSync(join(__dirname, '../ced/audio/encoded/stereo.ogg'));
    const times = async (channels: 'mix' | 'first' | 'loudest'): Promise<number> => {
      let opened = 0;
      const open = (): Uint8Array[] => {
        opened++;
        return [stereo];
      };
      await decodeClip(open, 'stereo.ogg', { channels });
      return opened;
    };
    expect([await times('mix'), await times('first'), await times('loudest')]).toEqual([1, 1, 2]);
  });

  (hasFfmpeg ? it : it.skip)('is chosen from by way of ffmpeg as well', async () => {
    const m4a = readFileSync(join(__dirname, '../ced/audio/encoded/stereo.m4a'));
    const [mix, first, loudest] = [
      await decode(m4a, 'mix', 'ffmpeg'),
      await decode(m4a, 'first', 'ffmpeg'),
      await decode(m4a, 'loudest', 'ffmpeg'),
    ];
    // Sines of 0.4 on the left, of 0.3 on the right.
    const level = Math.sqrt(first.reduce((sum, each) => sum + each * each, 0) / first.length);
    expect((level / 32768) * Math.SQRT2).toBeCloseTo(0.4, 1);
    expect(Array.from(loudest)).toEqual(Array.from(first));
    expect(Array.from(mix)).not.toEqual(Array.from(first));
  });
});

describe('a corpus of several channels', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-channels-'));
    const left = tone(440, 8000);
    const opposite = left.map((sample) => -sample);
    writeFileSync(join(folder, 'opposite.wav'), wavBytes([left, opposite], { bits: 16 }));
    writeFileSync(join(folder, 'plain.wav'), wavBytes([left, tone(300, 9000)], { bits: 16 }));
    writeFileSync(join(folder, 'train.tsv'), 'filename\nopposite.wav\nplain.wav\n');
    writeFileSync(join(folder, 'vocabulary.csv'), 'index,mid,display_name\n0,/m/0,Tone\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function ingest(channels?: 'mix' | 'first' | 'loudest') {
    const deps = localDependencies(folder);
    const corpus = {
      ...{ train: 'train.tsv', vocabulary: 'vocabulary.csv', clipsPerShard: 4, maxRejected: 1 },
      ...(channels ? { channels } : {}),
    };
    const input = { store: 'store', corpus, chunkSeconds: 1 };
    const { planKey } = await planCorpus(deps, input, () => undefined);
    const shard = { store: 'store', planKey, split: 'train' as const, shard: 0 };
    await ingestShard(deps, shard, () => undefined);
    const store = deps.openStore('store');
    const listing = (await store.read(layout.listing(planKey, 'train', 0)))!;
    const manifest = await readRecord(store, layout.ingest(sha256(listing)), ingestRecord);
    return { planKey, manifest };
  }

  it('is ingested as the run file chooses, under a key of its own', async () => {
    const [unset, mix] = [await ingest(), await ingest('mix')];
    expect(mix.planKey).toBe(unset.planKey);
    expect(unset.manifest.clips.map(({ clip }) => clip)).toEqual(['plain.wav']);
    expect(unset.manifest.rejected).toEqual([
      { clip: 'opposite.wav', reason: expect.stringMatching(/^channelsCancel: its 2 channels/) },
    ]);
    const [first, loudest] = [await ingest('first'), await ingest('loudest')];
    expect(new Set([unset.planKey, first.planKey, loudest.planKey]).size).toBe(3);
    const hash = (values: number[]): string =>
      sha256(new Uint8Array(Int16Array.from(values).buffer));
    const hashes = ({ manifest }: typeof first) => manifest.clips.map((clip) => clip.sha256);
    expect(hashes(first)).toEqual([hash(tone(440, 8000)), hash(tone(440, 8000))]);
    expect(hashes(loudest)).toEqual([hash(tone(440, 8000)), hash(tone(300, 9000))]);
  });
});

describe('a listing', () => {
  const clips = [[{ clip: 'a', audio: 'a.wav', fingerprint: '1', labels: null }]];

  it('keeps its content, which names what was ingested, unless a channel is chosen', () => {
    const before = [{ formatVersion: 1, clips: clips[0], rejected: [] }];
    expect(JSON.stringify(listShards(clips, []))).toBe(JSON.stringify(before));
    expect(JSON.stringify(listShards(clips, [], 'mix'))).toBe(JSON.stringify(before));
    for (const channels of ['first', 'loudest'] as const)
      expect(listShards(clips, [], channels)).toEqual([{ ...before[0], channels }]);
  });
});
