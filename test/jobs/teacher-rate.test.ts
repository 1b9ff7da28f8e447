/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { findEvaluation } from '../../activities/find-evaluation';
import { planCorpus } from '../../activities/plan-corpus';
import { shiftAtRate } from '../../ced/audio/sample-rates';
import { encodeWav } from '../../ced/audio/wav-file';
import { shiftInto } from '../../ced/augment/apply';
import { drawAugmentation } from '../../ced/augment/parameters';
import { halfValues } from '../../ced/logits/half';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import { chunkBatches } from '../../jobs/chunk-batches';
import { prepareTargets } from '../../jobs/train/prepared-targets';
import { scoreJob } from '../../jobs/score/score-job';
import { readShardOfCorpus } from '../../storage/corpus/corpus-part';
import { rateRecord } from '../../storage/corpus/rate-manifest';
import { readAudioShard } from '../../storage/corpus/clips-at-rate';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { logitShardNames } from '../../storage/logits/logit-shard-names';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { layout } from '../../storage/layout';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { encodeRecord, readRecord } from '../../storage/record';
import { sha256 } from '../../storage/store';
import { clipLogits } from '../../cli/store/clip-logits';
import { readScores, scoresRecord } from '../../storage/scores';
import type { EnsembleMember } from '../../workflows/contract/models';
import { logitsSchema, studentSchema } from '../../workflows/contract/run-file-sections';
import { furtherRates } from '../../workflows/contract/sample-rates';
import { trainingInput } from '../support/training-input';
import { energyOnnx } from '../ced/teachers/energy-onnx';
import { jobContextOn, predictAndWrite, storeBelow, storedTables } from '../support/in-process';

const ignore = (): void => undefined;
const SOURCE_RATE = 48_000;
const CLASSES = ['above 8 kHz', 'below'];
/** Of the clips of each split; every other one has a tone at 12 kHz. */
const HIGH = [true, false, true, false];
const settings = logitsSchema.parse({
  ...{ views: 3, topK: 2, chunkSeconds: 1, seed: 5 },
  augment: {
    shift: { maxFraction: 0.5, probability: 1 },
    timeMask: { maxFrames: 0 },
    freqMask: { maxBins: 0 },
  },
});

describe('a teacher that takes another sample rate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-teacher-rate-'));
  const store = storeBelow(folder);
  const deps = localDependencies(folder, store);
  const context = jobContextOn(store);
  const sources = new Map<string, Int16Array>();
  let planKey = '';

  const writeSplit = (split: string, salt: number): void => {
    const rows = HIGH.map((isHigh, index) => {
      const clip = `${split}-${index}`;
      const low = 6000 + 500 * index + salt;
      // One second and a half: a chunk and half of one.
      const pcm = Int16Array.from({ length: 1.5 * SOURCE_RATE }, (_, n) => {
        const turn = (2 * Math.PI * n) / SOURCE_RATE;
        // Quieter after a third of a second, so that a view's first half depends on its shift.
        const high = isHigh ? (n < 16_000 ? 6000 : 4500) : 0;
        return Math.round(low * Math.sin(440 * turn) + high * Math.sin(12_000 * turn));
      });
      sources.set(clip, pcm);
      writeFileSync(join(folder, `${clip}.wav`), encodeWav(pcm, { rate: SOURCE_RATE }));
      return JSON.stringify({ clip, audio: `${clip}.wav`, labels: isHigh ? [0, 1] : [1] });
    });
    writeFileSync(join(folder, `${split}.jsonl`), rows.join('\n'));
  };
  const ingest = async (sampleRates: number[]): Promise<void> => {
    for (const split of ['train', 'validation'] as const)
      await ingestShard(deps, { store: '', planKey, split, shard: 0, sampleRates }, ignore);
  };
  /** The network for one rate, declared to take `declared`. */
  const teacherAt = async (rate: number, declared?: number): Promise<EnsembleMember> => {
    const vocabulary = CLASSES.map((name) => ({ mid: '', name }));
    const [format, output] = ['onnx', 'logits'] as const;
    const rated = declared === undefined ? {} : { sampleRate: declared };
    const sha256 = await storeWaveformModel(
      store,
      { format, output, vocabulary, parameters: 254, ...rated },
      // At 16 kHz the filter asks for its upper edge, which is all there is.
      new Map([['model.onnx', energyOnnx(Math.min(8300, 0.45 * rate), rate, 300)]]),
    );
    return { name: `at ${rate}`, sha256, parameters: 254, weight: 1, ...rated };
  };
  /** Probability of the first class in each view of each clip's first chunk. */
  const firstClass = async (ensemble: EnsembleMember[]): Promise<number[][]> => {
    const input = { store: '', planKey, shard: 0, ensemble, settings };
    const { logitsKey, rows } = await predictAndWrite(context, input);
    expect(rows).toBe(HIGH.length * 2 * settings.views);
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const rates = furtherRates(ensemble.map(({ sampleRate }) => sampleRate));
    const names = await logitShardNames(store, { planKey }, audio.audioShards, rates);
    const [table] = await storedTables(store, logitsKey, names);
    await audio.close();
    const of = (row: number): number =>
      halfValues[
        table!.values[row * 2 + table!.indexes.subarray(row * 2, row * 2 + 2).indexOf(0)]!
      ]!;
    return HIGH.map((_, clip) => [0, 1, 2].map((view) => of(clip * 2 * settings.views + view)));
  };

  beforeAll(async () => {
    writeFileSync(
      join(folder, 'v.csv'),
      `index,mid,display_name\n${CLASSES.map((name, index) => `${index},,"${name}"\n`).join('')}`,
    );
    writeSplit('train', 0);
    writeSplit('validation', 250);
    const corpus = {
      ...{ train: 'train.jsonl', validation: 'validation.jsonl', vocabulary: 'v.csv' },
      ...{ clipsPerShard: 9, maxRejected: 0 },
    };
    const planned = { store: '', corpus, chunkSeconds: settings.chunkSeconds };
    ({ planKey } = await planCorpus(deps, planned, ignore));
    await ingest([]);
    await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names the shards that are not kept at its rate, and has them once they are', async () => {
    const ensemble = [await teacherAt(32_000, 32_000)];
    await expect(firstClass(ensemble)).rejects.toMatchObject({
      damages: [{ kind: 'audio', split: 'train', shard: 0 }],
    });
    await ingest([32_000, 48_000]);
    expect((await firstClass(ensemble)).flat()).toHaveLength(12);
  });

  it('gets tones above 8 kHz, which the same network cannot get at 16 kHz', async () => {
    const at32k = await teacherAt(32_000, 32_000);
    const at16k = await teacherAt(16_000);
    const [wide, narrow] = [await firstClass([at32k]), await firstClass([at16k])];
    for (const [clip, isHigh] of HIGH.entries()) {
      for (const probability of wide[clip]!)
        if (isHigh) expect(probability).toBeGreaterThan(0.9);
        else expect(probability).toBeLessThan(0.6);
      for (const probability of narrow[clip]!) expect(probability).toBeLessThan(0.6);
    }
    const both = await firstClass([at16k, at32k]);
    for (const [clip, views] of both.entries())
      for (const [view, probability] of views.entries()) {
        const mean = (wide[clip]![view]! + narrow[clip]![view]!) / 2;
        expect(Math.abs(probability - mean)).toBeLessThan(2 ** -10);
      }
  });

  it('predicts each view shifted by the time that was drawn for it', async () => {
    const rate = 32_000;
    // The first half of a chunk alone counts, and the loudness of the clip changes in it.
    const network = energyOnnx(8300, rate, 300, rate / 2);
    const vocabulary = CLASSES.map((name) => ({ mid: '', name }));
    const [format, output] = ['onnx', 'logits'] as const;
    const sha256 = await storeWaveformModel(
      store,
      { format, output, vocabulary, parameters: 254, sampleRate: rate },
      new Map([['model.onnx', network]]),
    );
    const member = { name: 'half', sha256, parameters: 254, weight: 1, sampleRate: rate };
    const stored = await firstClass([member]);
    const net = await loadOnnxNet(network, 1, { classes: CLASSES.length });
    const audio = await CorpusAudio.open(store, planKey, 'train', { only: 0 });
    await audio.openRates([rate]);
    for (const [index, clip] of audio.clips.entries()) {
      const pcm = await audio.readAtRate(clip, clip.chunks[0]!, rate);
      for (let view = 0; view < settings.views; view++) {
        const identity = { seed: settings.seed, clipSha256: clip.sha256, chunk: 0, view };
        const { shift } = drawAugmentation(settings.augment, identity, 16_000);
        const shifted = new Int16Array(rate);
        shiftInto(pcm, 2 * shift, shifted, 0);
        const wave = Float32Array.from(shifted, (sample) => sample / 32_768);
        const { values } = await net.run(wave, 1, rate);
        const expected = 1 / (1 + Math.exp(-values[0]!));
        expect(Math.abs(stored[index]![view]! - expected)).toBeLessThan(2 ** -11);
      }
    }
    expect(new Set(stored[0]).size).toBe(settings.views);
    net.dispose();
    await audio.close();
  });

  it('is scored at its rate', async () => {
    const scored = async (model: EnsembleMember): Promise<(number | undefined)[]> => {
      const input = { store: '', planKey, split: 'validation', chunkSeconds: 1 } as const;
      await scoreJob(context, { ...input, model, precision: 'float32' });
      const audio = await CorpusAudio.open(store, planKey, 'validation');
      const scores = await readScores(store, model.sha256, audio.contentSha256);
      await audio.close();
      return HIGH.map((_, clip) => scores?.values[clip * 2]);
    };
    const wide = await scored(await teacherAt(32_000, 32_000));
    const narrow = await scored(await teacherAt(16_000));
    for (const [clip, isHigh] of HIGH.entries()) {
      if (isHigh) expect(wide[clip]).toBeGreaterThan(0.9);
      else expect(wide[clip]).toBeLessThan(0.6);
      expect(narrow[clip]).toBeLessThan(0.6);
    }
  });

  it('gets the samples of its source bit by bit, shifted by the time that 16 kHz is', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train', { only: 0 });
    const rows = audio.clips.flatMap((clip) =>
      clip.chunks.map((chunk, index) => ({ clip, chunk, shift: 1000 * index + 777 })),
    );
    const models = [
      { frontEnd: 'log-mel' as const },
      { frontEnd: 'waveform' as const, sampleRate: SOURCE_RATE },
    ];
    const write = (
      { shift }: { shift: number },
      pcm: Int16Array,
      out: Int16Array,
      rate: number,
    ): void => shiftInto(pcm, shiftAtRate(shift, rate, pcm.length), out, 0);
    let seen = 0;
    for await (const batch of chunkBatches(audio, rows, models, write)) {
      const input = batch.inputs.get(SOURCE_RATE)!;
      expect([...batch.inputs.keys()]).toEqual([16_000, SOURCE_RATE]);
      batch.rows.forEach(({ clip, chunk, shift }, row) => {
        const length = 3 * chunk.length;
        const own = sources.get(clip.clip)!.subarray(3 * chunk.start, 3 * chunk.start + length);
        const actual = input.pcm.subarray(row * input.samples, row * input.samples + length);
        const expected = new Int16Array(length);
        shiftInto(own, 3 * shift, expected, 0);
        expect(Buffer.from(expected.buffer).equals(Buffer.from(actual.slice().buffer))).toBe(true);
        expect(input.lengths?.[row] ?? input.samples).toBe(length);
        seen++;
      });
    }
    expect(seen).toBe(8);
    await audio.close();
  });

  it('has damaged audio at its rate named, quarantined and made again', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train', { only: 0 });
    await audio.openRates([48_000]);
    const at = { planKey, split: 'train', shard: 0 } as const;
    const { key } = (await readAudioShard(store, audio, at, 48_000)).audio;
    const bytes = (await store.read(key))!;
    const damaged = Uint8Array.from(bytes);
    damaged[5000]! ^= 4;
    await store.remove(key);
    await store.create(key, damaged);
    const { clip, chunk } = { clip: audio.clips[0]!, chunk: audio.clips[0]!.chunks[0]! };
    await expect(audio.readAtRate(clip, chunk, 48_000)).rejects.toMatchObject({
      damages: [{ kind: 'audio', split: 'train', shard: 0 }],
    });
    expect(await store.exists(key)).toBe(false);
    await ingest([48_000]);
    expect(await store.exists(key)).toBe(true);
    expect(await audio.readAtRate(clip, chunk, 48_000)).toHaveLength(SOURCE_RATE);
    await audio.close();
    await expect(audio.readAtRate(clip, chunk, 48_000)).rejects.toThrow(/is closed/);
  });

  it('has logits of its own for clips that differ at its rate alone', async () => {
    const ensemble = [await teacherAt(32_000, 32_000)];
    const input = { store: '', planKey, shard: 0, ensemble, settings };
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const namesOf = () => logitShardNames(store, { planKey }, audio.audioShards, [32_000]);
    const { logitsKey } = await predictAndWrite(context, input);
    const [name] = await namesOf();
    expect(name).not.toBe(audio.audioShards[0]);
    expect(await predictAndWrite(context, input)).toMatchObject({ logitsKey, reused: true });
    const manifest = await readRecord(store, layout.logitsManifest(logitsKey, name!), logitsRecord);
    expect(manifest.audio).toBe(audio.audioShards[0]);
    const student = studentSchema.parse({ name: 's', model: 'tiny', topK: 2 });
    const targets = {
      ...{ kind: 'logits' as const, logitsKey, storedViews: 3, storedTopK: 2, seed: 5 },
      sampleRates: [32_000],
    };
    const training = trainingInput({
      ...{ planKey, settings: student, augment: settings.augment, targets },
    });
    const prepared = await prepareTargets(context, training, audio);
    expect(prepared.rows).toHaveLength(HIGH.length * 2);
    prepared.close();
    const clips = await clipLogits(store, 'train-1', { keyPrefix: logitsKey, top: 1 });
    expect(clips).toMatchObject([{ key: logitsKey, clip: 'train-1' }]);
    expect(clips[0]!.views[0]!.tags[0]!.name).not.toBeNull();
    const settingsOf = { logits: settings, students: [], promote: null };
    const evaluating = { store: '', run: 'r', planKey, ensemble, settings: settingsOf };
    const evaluated = await findEvaluation(deps, evaluating);
    expect(evaluated.key).not.toBeNull();

    // The same listing, of files that differ above 8 kHz alone.
    const { entry } = await readShardOfCorpus(store, planKey, 'train', 0);
    const key = layout.ingestAtRate(entry.ingest, 32_000);
    const value = await readRecord(store, key, rateRecord);
    const louder = Uint8Array.from((await store.read(layout.audio(value.audioSha256)))!);
    louder[louder.length - 2]! ^= 1;
    const audioSha256 = sha256(louder);
    await store.create(layout.audio(audioSha256), louder);
    const last = value.clips.at(-1)!;
    const pcm = louder.subarray(louder.length - 2 * last.samples);
    const changed = {
      ...value,
      audioSha256,
      clips: value.clips.with(-1, { ...last, sha256: sha256(pcm) }),
    };
    await store.replace(key, encodeRecord(key, changed));
    expect(await namesOf()).not.toContain(name);
    expect(await predictAndWrite(context, input)).toMatchObject({ logitsKey, reused: false });
    expect((await findEvaluation(deps, evaluating)).key).not.toBe(evaluated.key);
    // At 16 kHz nothing has changed.
    const narrow = { ...input, ensemble: [await teacherAt(16_000)] };
    expect(await predictAndWrite(context, narrow)).toMatchObject({ reused: true });
    await store.replace(key, encodeRecord(key, value));
    await audio.close();
  });

  it('is scored anew where its clips differ at its rate alone', async () => {
    const model = await teacherAt(32_000, 32_000);
    const input = { store: '', planKey, split: 'validation', chunkSeconds: 1 } as const;
    const score = () => scoreJob(context, { ...input, model, precision: 'float32' });
    expect(await score()).toMatchObject({ reused: true });
    const audio = await CorpusAudio.open(store, planKey, 'validation');
    const key = layout.scoresManifest(model.sha256, audio.contentSha256);
    await audio.close();
    const record = await readRecord(store, key, scoresRecord);
    expect(record.contentAtRate).toMatch(/^[0-9a-f]{64}$/);
    await store.remove(key);
    await store.create(key, encodeRecord(key, { ...record, contentAtRate: 'f'.repeat(64) }));
    expect(await score()).toMatchObject({ reused: false });
    expect(await score()).toMatchObject({ reused: true });
  });
});
