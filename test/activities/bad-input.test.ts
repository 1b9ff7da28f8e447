import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { ActivityDependencies } from '../../activities/dependencies';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importModels } from '../../activities/import-models';
import { planCorpus } from '../../activities/plan-corpus';
import { layout } from '../../storage/layout';
import { readRecord } from '../../storage/record';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { initialWeights } from '../../ced/model/initial-weights';
import { modelConfig } from '../../ced/model/shaped-config';
import type { Corpus } from '../../workflows/contract/run-file-sections';
import { writeToneCorpus } from '../support/tone-corpus';
import { localDependencies } from '../../activities/local-dependencies';
import { corpusRecord } from '../../storage/corpus/corpus-manifest';

/** Each error is one line that names the field or clip, what is wrong, and the remedy. */
describe('bad input', () => {
  let folder: string;
  let deps: ActivityDependencies;
  let corpus: Corpus;
  const ignore = (): void => undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-input-'));
    corpus = {
      ...writeToneCorpus(folder, { train: 8, validation: 2, eval: 2 }),
      clipsPerShard: 4,
      maxRejected: 0.01,
    };
    deps = localDependencies(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const plan = (over: Partial<Corpus> = {}) =>
    planCorpus(deps, { store: 'store', corpus: { ...corpus, ...over }, chunkSeconds: 1 }, ignore);
  const ingest = async (over: Partial<Corpus> = {}) => {
    const { planKey, splits } = await plan(over);
    for (let shard = 0; shard < (splits.train?.shards ?? 0); shard++)
      await ingestShard(deps, { store: 'store', planKey, split: 'train', shard }, ignore);
    for (const split of ['validation', 'eval'] as const)
      await ingestShard(deps, { store: 'store', planKey, split, shard: 0 }, ignore);
    return planKey;
  };
  const finalize = (planKey: string, maxRejected: number) =>
    finalizeCorpus(deps, { store: 'store', planKey, maxRejected, chunkSeconds: 1 });

  it('that is a missing table is RunFileInvalid, naming field and file', async () => {
    await expect(plan({ train: 'nowhere.jsonl' })).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^corpus\.train: .*nowhere\.jsonl cannot be read \(ENOENT\)/,
      ) as unknown,
    });
  });

  it('that is a broken vocabulary is RunFileInvalid', async () => {
    writeFileSync(join(folder, 'vocabulary.csv'), 'name\nViolin\n');
    await expect(plan()).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(/^corpus\.vocabulary: vocabulary\.csv: /) as unknown,
    });
  });

  it('that is a table without one usable row is CorpusInvalid', async () => {
    writeFileSync(join(folder, 'train.jsonl'), 'not json\n');
    await expect(plan()).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/^corpus\.train: /) as unknown,
    });
  });

  it('in one clip leaves that clip out, counted and named, and the rest goes on', async () => {
    writeFileSync(join(folder, 'audio/train-3.wav'), 'this is no audio');
    const planKey = await ingest();
    const finalized = await finalize(planKey, 0.2);
    expect(finalized.train).toMatchObject({ clips: 7, chunks: 7, rejected: 1 });
  });

  it('in more clips than maxRejected allows fails the stage, naming the first', async () => {
    writeFileSync(join(folder, 'audio/train-3.wav'), 'this is no audio');
    const planKey = await ingest();
    await expect(finalize(planKey, 0.01)).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(
        /^corpus\.train: 1 of 8 clips was rejected.*train-3/,
      ) as unknown,
    });
  });

  describe('in what a run is scored on', () => {
    const copy = (from: string, to: string): void =>
      copyFileSync(join(folder, 'audio', from), join(folder, 'audio', to));

    it('is refused if training uses it too, naming the clips, unless allowed', async () => {
      copy('eval-1.wav', 'train-2.wav');
      copy('validation-0.wav', 'train-5.wav');
      const planKey = await ingest();
      const message =
        /^corpus\.train: 2 training clips .*: train-2 = eval eval-1, train-5 = validation validation-0; .*--allow-overlap/;
      await expect(finalize(planKey, 0.01)).rejects.toMatchObject({
        code: 'CorpusInvalid',
        message: expect.stringMatching(message),
      });
      deps.allowOverlap = true;
      await expect(finalize(planKey, 0.01)).resolves.toMatchObject({ train: { clips: 8 } });
    });

    it('is counted if one split holds it twice, and stored once a shard', async () => {
      copy('train-1.wav', 'train-6.wav');
      const planKey = await ingest({ clipsPerShard: 8 });
      await finalize(planKey, 0.01);
      const { splits } = await readRecord(
        deps.openStore('store'),
        layout.corpus(planKey),
        corpusRecord,
      );
      expect(splits.train?.duplicates).toEqual({
        count: 1,
        examples: [{ clip: 'train-6', of: 'an earlier clip' }],
      });
      expect(splits.eval).not.toHaveProperty('duplicates');
      const audio = await CorpusAudio.open(deps.openStore('store'), planKey, 'train');
      const clips = audio.clips.filter(({ clip }) =>
        ['train-1', 'train-6', 'train-7'].includes(clip),
      );
      const decoded = await Promise.all(
        clips.map((clip) => audio.readLater(clip, { start: 0, length: 16_000 })),
      );
      await audio.close();
      expect(clips[1]).toMatchObject({ clip: 'train-6', offset: clips[0]?.offset });
      expect(decoded[1]).toEqual(decoded[0]);
      expect(decoded[2]).toEqual(
        new Int16Array(readFileSync(join(folder, 'audio/train-7.wav')).buffer.slice(44)),
      );
      const [shard] = splits.train?.shardsOf ?? [];
      const { size } = statSync(join(folder, 'store', layout.audio(shard?.audioSha256 ?? '')));
      expect(size).toBe(128 + 7 * 32_000);
    });
  });

  it('that is a silent clip is counted as such', async () => {
    const silent = readFileSync(join(folder, 'audio/train-3.wav')).fill(0, 44);
    writeFileSync(join(folder, 'audio/train-3.wav'), silent);
    const planKey = await ingest();
    await expect(finalize(planKey, 0.01)).rejects.toMatchObject({
      message: expect.stringMatching(/train-3: silent/),
    });
  });

  it('with an unknown label, a missing file or a repeated clip is counted by reason', async () => {
    const rows = [
      { clip: 'a', audio: 'audio/train-0.wav', labels: ['Theremin'] },
      { clip: 'b', audio: 'audio/gone.wav', labels: [] },
      { clip: 'c', audio: 'audio/train-1.wav', labels: [99] },
      { clip: 'd', audio: 'audio/train-1.wav', labels: [0] },
      { clip: 'd', audio: 'audio/train-2.wav', labels: [0] },
    ];
    writeFileSync(join(folder, 'train.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    expect((await plan()).splits.train).toEqual({
      ...{ shards: 1, clips: 1, rejected: 4, labelled: 1 },
    });
  });

  describe('in a teacher', () => {
    const teacher = { name: 'a', checkpoint: 'teacher', format: 'ced' as const, weight: 1 };
    const importTeacher = () =>
      importModels(deps, {
        store: 'store',
        vocabulary: 'vocabulary.csv',
        teachers: [teacher],
        inits: [],
      });
    const write = (config: object, weights: Uint8Array): void => {
      rmSync(join(folder, 'teacher'), { recursive: true, force: true });
      mkdirSync(join(folder, 'teacher'));
      writeFileSync(join(folder, 'teacher/config.json'), JSON.stringify(config));
      writeFileSync(join(folder, 'teacher/model.safetensors'), weights);
    };
    const config = (names: string[]) =>
      modelConfig(
        { embedDim: 32, depth: 1, heads: 2, mlpRatio: 4, pooling: 'mean' },
        1,
        names.map((name) => ({ name })),
      );
    const known = ['Low tone', 'Middle tone', 'High tone', 'Sweep', 'Noise', 'Clicks'];

    it('that is not there is RunFileInvalid, naming the field and the file', async () => {
      await expect(importTeacher()).rejects.toMatchObject({
        code: 'RunFileInvalid',
        message: expect.stringMatching(
          /^teachers\[0\]\.checkpoint: .*config\.json cannot be read/,
        ) as unknown,
      });
    });

    it('whose classes are in another order is accepted', async () => {
      const shape = config([...known].reverse());
      write(shape, encodeSafetensors(initialWeights(shape, 1), 'F32'));
      await expect(importTeacher()).resolves.toMatchObject({
        teachers: [{ name: 'a', weight: 1 }],
      });
    });

    it('that lacks a class is TeacherInvalid, naming the class', async () => {
      const shape = config(known.slice(0, 5));
      write(shape, encodeSafetensors(initialWeights(shape, 1), 'F32'));
      await expect(importTeacher()).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message: expect.stringMatching(/teachers\[0\]\.checkpoint: .*Clicks/) as unknown,
      });
    });

    it('whose weights do not fit its config is TeacherInvalid, listing tensors', async () => {
      const shape = config(known);
      write({ ...shape, depth: 2 }, encodeSafetensors(initialWeights(shape, 1), 'F32'));
      await expect(importTeacher()).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message: expect.stringMatching(/blocks\.1\./) as unknown,
      });
    });

    it('whose weights file is damaged is TeacherInvalid', async () => {
      write(config(known), Buffer.from('no safetensors'));
      await expect(importTeacher()).rejects.toMatchObject({ code: 'TeacherInvalid' });
    });
  });
});
