/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ActivityDependencies } from '../../activities/dependencies';
import { modelConfig } from '../../ced/model/shaped-config';
import { scoreJob } from '../../jobs/score/score-job';
import type { JobContext } from '../../jobs/job-context';
import { averagePrecision } from '../../ced/metrics/average-precision';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import { readScores } from '../../storage/scores';
import {
  descriptionRecord,
  type ComputedDescription,
} from '../../storage/logits/logits-description';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { importModels } from '../../activities/import-models';
import type { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { readRecord } from '../../storage/record';
import { masksToInt32, shiftInto } from '../../ced/augment/apply';
import { drawAugmentation, type AugmentParameters } from '../../ced/augment/parameters';
import { openEngine } from '../../ced/engine/engine';
import { halfValues } from '../../ced/logits/half';
import { initialWeights } from '../../ced/model/initial-weights';
import { Predictor } from '../../ced/model/predictor';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import {
  logitsSchema,
  teacherSchema,
  type Teacher,
} from '../../workflows/contract/run-file-sections';
import { describeWithPublishedTeachers, publishedTeachers } from '../support/published-teachers';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { prepareWaves, vocabularyCsv, type WaveCorpus } from '../support/wave-corpus';
import { savedModelBytes } from '../ced/teachers/saved-model-bytes';
import { localDependencies } from '../../activities/local-dependencies';
import { predictAndWrite, jobContextOn, storeBelow, storedTables } from '../support/in-process';

const shape = { embedDim: 32, depth: 1, heads: 2, mlpRatio: 4, pooling: 'mean' as const };
const seed = 7;
let folder: string;
let store: FolderStore;
let deps: ActivityDependencies;
let context: JobContext;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-ensemble-'));
  store = storeBelow(folder);
  deps = localDependencies(folder, store);
  context = jobContextOn(store);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prepare = async (
  classes: readonly string[],
  clipSeconds: number,
  samplesOf?: (clip: number) => number,
) => await prepareWaves(folder, store, { classes, clipSeconds, samplesOf });

/** Of a table of three rows. */
const columnOf = (values: Float32Array, column: number, columns: number): Float64Array =>
  Float64Array.from([0, 1, 2], (row) => values[row * columns + column]!);

const settingsOf = (chunkSeconds: number, topK: number) =>
  logitsSchema.parse({
    views: 2,
    topK,
    chunkSeconds,
    seed,
    augment: { timeMask: { maxFrames: 40 } },
  });

/** `0,1`, `0,2`, … */
const pairsOf = (teachers: number): string[] =>
  Array.from({ length: teachers }, (_, one) =>
    Array.from({ length: teachers - one - 1 }, (__, at) => `${one},${one + 1 + at}`),
  ).flat();

type Alone = (pcm: Int16Array, parameters: AugmentParameters) => Promise<Float32Array>;

/** What each teacher gives alone, in the run's classes, against what was stored. */
async function expectWeightedMean(
  run: WaveCorpus & { chunkSeconds: number; classes: number },
  teachers: Teacher[],
  alone: readonly Alone[],
): Promise<void> {
  const { audio, planKey, classes } = run;
  const settings = settingsOf(run.chunkSeconds, classes);
  const { teachers: ensemble } = await importModels(deps, {
    store: '',
    vocabulary: 'vocabulary.csv',
    teachers,
    inits: [],
  });
  const { logitsKey, rows } = await predictAndWrite(context, {
    store: '',
    planKey,
    shard: 0,
    ensemble,
    settings,
  });
  expect(rows).toBe(6);
  const [table] = await storedTables(store, logitsKey, audio.audioShards);
  const manifest = await readRecord(
    store,
    layout.logitsManifest(logitsKey, audio.audioShards[0]!),
    logitsRecord,
  );
  expect(manifest.agreement?.map(({ between }) => between.join())).toEqual(
    pairsOf(teachers.length),
  );
  for (const { topMatch, meanDifference } of manifest.agreement ?? []) {
    expect(
      [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1].some((share) => Math.abs(share - topMatch) < 1e-9),
    ).toBe(true);
    expect(meanDifference).toBeGreaterThan(0);
    expect(meanDifference).toBeLessThan(1);
  }
  const weight = teachers.reduce((sum, teacher) => sum + teacher.weight, 0);
  for (const [index, clip] of audio.clips.entries())
    for (let view = 0; view < 2; view++) {
      const [span] = clip.chunks;
      const pcm = new Int16Array(span!.length);
      audio.read(clip, span!, pcm);
      const parameters = drawAugmentation(
        settings.augment,
        { seed, clipSha256: clip.sha256, chunk: 0, view },
        pcm.length,
      );
      const shifted = new Int16Array(pcm.length);
      shiftInto(pcm, parameters.shift, shifted, 0);
      const mean = new Float64Array(classes);
      for (const [at, teacher] of teachers.entries())
        (await alone[at]!(shifted, parameters)).forEach(
          (value, c) => (mean[c] = mean[c]! + (teacher.weight / weight) * value),
        );
      const row = index * 2 + view;
      for (let rank = 0; rank < classes; rank++) {
        const stored = halfValues[table!.values[row * classes + rank]!]!;
        // Half a step of float16 below 1, and what another batch size changes in float32.
        expect(Math.abs(stored - mean[table!.indexes[row * classes + rank]!]!)).toBeLessThan(
          2 ** -12 + 1e-5,
        );
      }
    }
}

async function onnxAlone(
  path: string,
  map: readonly number[],
  output: 'probabilities' | 'logits',
): Promise<Alone> {
  const session = await InferenceSession.create(readFileSync(path));
  return async (pcm) => {
    const wave = Float32Array.from(pcm, (sample) => sample / 32_768);
    const result = await session.run({
      [session.inputNames[0]!]: new Tensor('float32', wave, [1, wave.length]),
    });
    const values = result[session.outputNames[0]!]!.data as Float32Array;
    return Float32Array.from(map, (index) =>
      output === 'logits' ? 1 / (1 + Math.exp(-values[index]!)) : values[index]!,
    );
  };
}

function writeCed(classes: readonly string[], chunkSeconds: number): Alone {
  const config = modelConfig(
    shape,
    chunkSeconds,
    classes.map((name) => ({ name })),
  );
  const weights = initialWeights(config, 3);
  mkdirSync(join(folder, 'ced'));
  writeFileSync(join(folder, 'ced/config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'ced/model.safetensors'), encodeSafetensors(weights, 'F32'));
  const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
  return async (pcm, parameters) =>
    predictor.probabilities({
      pcm,
      batch: 1,
      samples: pcm.length,
      masks: masksToInt32([parameters]),
    });
}

describe('an ensemble of a CED, an ONNX and a SavedModel teacher', () => {
  const classes = ['b', 'c', 'a'];
  const fields = { vocabulary: 'own.csv', output: 'logits', spectrogramMasks: 'skip' };
  const teachers = [
    { name: 'ced', checkpoint: 'ced', format: 'ced', weight: 2 },
    { name: 'onnx', checkpoint: 'means.onnx', format: 'onnx', weight: 1, ...fields },
    { name: 'saved', checkpoint: 'saved', format: 'savedmodel', weight: 5, ...fields },
  ].map((teacher) => teacherSchema.parse(teacher));

  const write = (): void => {
    writeFileSync(join(folder, 'own.csv'), vocabularyCsv(['a', 'extra', 'b', 'c']));
    writeFileSync(join(folder, 'means.onnx'), onnxBytes([20, 0, -30, 5]));
    mkdirSync(join(folder, 'saved'));
    writeFileSync(join(folder, 'saved/saved_model.pb'), savedModelBytes([-8, 9, 40, 1]));
  };
  const means = (...gains: number[]): Alone => {
    return async (pcm) => {
      const mean = pcm.reduce((sum, sample) => sum + sample / 32_768, 0) / pcm.length;
      return Float32Array.from(gains, (gain) => 1 / (1 + Math.exp(-gain * mean)));
    };
  };

  it('stores the weighted mean of each alone, classes in the order of the run', async () => {
    write();
    const run = { ...(await prepare(classes, 1)), chunkSeconds: 1, classes: 3 };
    await expectWeightedMean(run, teachers, [
      writeCed(classes, 1),
      means(-30, 5, 20),
      means(40, 1, -8),
    ]);
  });

  it('gives clips of different lengths what each teacher gives each clip alone', async () => {
    write();
    // Six, five and five whole patches.
    const samples = [15_999, 15_001, 14_700];
    const run = {
      ...(await prepare(classes, 1, (clip) => samples[clip]!)),
      chunkSeconds: 1,
      classes: 3,
    };
    expect(run.audio.clips.map((clip) => clip.samples)).toEqual(samples);
    await expectWeightedMean(run, teachers, [
      writeCed(classes, 1),
      means(-30, 5, 20),
      means(40, 1, -8),
    ]);
  });

  it('is scored teacher by teacher, naming a network that rejects such clips', async () => {
    write();
    const { planKey } = await prepare(classes, 1);
    writeCed(classes, 1);
    const { teachers: ensemble } = await importModels(deps, {
      store: '',
      vocabulary: 'vocabulary.csv',
      teachers,
      inits: [],
    });
    const mAPs: (number | null)[] = [];
    for (const model of ensemble) {
      const scored = await scoreJob(context, {
        store: '',
        planKey,
        split: 'validation',
        model,
        chunkSeconds: 1,
        precision: 'float32',
      });
      expect(scored.mAP).toBeGreaterThan(0);
      mAPs.push(scored.mAP);
    }
    const { logitsKey } = await predictAndWrite(context, {
      store: '',
      planKey,
      shard: 0,
      ensemble,
      settings: settingsOf(1, 3),
    });
    const [manifest = ''] = (await store.list(`logits/${logitsKey}/`)).filter((key) =>
      /[0-9a-f]{64}\.json$/.test(key),
    );
    const { gate } = await readRecord(store, manifest, logitsRecord);
    expect(gate).toEqual([
      { split: 'validation', teachers: mAPs, ensemble: expect.any(Number) as number },
    ]);
    writeFileSync(join(folder, 'own.csv'), vocabularyCsv(['a', 'extra', 'b', 'c', 'one too many']));
    await expect(
      importModels(deps, { store: '', vocabulary: 'vocabulary.csv', teachers, inits: [] }),
    ).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /it returned \[1, 4\] for 1 clip, its vocabulary has 5 classes$/,
      ) as unknown,
    });
    // As an earlier version stored it, which tried no teacher.
    const declared = { format: 'onnx', output: 'probabilities', parameters: 4 } as const;
    const vocabularyOfFive = ['a', 'extra', 'b', 'c', 'one too many'].map((name) => ({
      mid: '',
      name,
    }));
    const wider = {
      name: 'onnx',
      parameters: 4,
      sha256: await storeWaveformModel(
        store,
        { ...declared, vocabulary: vocabularyOfFive },
        new Map([['model.onnx', readFileSync(join(folder, 'means.onnx'))]]),
      ),
    };
    await expect(
      scoreJob(context, {
        store: '',
        planKey,
        split: 'validation',
        model: wider,
        chunkSeconds: 1,
        precision: 'float32',
      }),
    ).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: 'onnx: it returned [3, 4] for 3 clips, its vocabulary has 5 classes',
    });
  });

  it('is probed before hours are spent, also where no split scores it', async () => {
    write();
    const { planKey } = await prepare(classes, 1);
    writeFileSync(join(folder, 'means.onnx'), onnxBytes([0, 0, 0, 0]));
    const { teachers: ensemble } = await importModels(deps, {
      store: '',
      vocabulary: 'vocabulary.csv',
      teachers: [teachers[1]!],
      inits: [],
    });
    await expect(
      predictAndWrite(context, {
        store: '',
        planKey,
        shard: 0,
        ensemble,
        settings: settingsOf(1, 3),
      }),
    ).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(/^onnx: its output is the same for every clip/) as unknown,
    });
  });

  it.each([
    [
      'a missing file',
      'checkpoint',
      'gone.onnx',
      'RunFileInvalid',
      /^teachers\[0\]\.checkpoint: .*gone\.onnx cannot be read \(ENOENT\), expected an ONNX file/,
    ],
    [
      'another file',
      'checkpoint',
      'own.csv',
      'TeacherInvalid',
      /^teachers\[0\]\.checkpoint: .*own\.csv: no protocol buffer/,
    ],
    [
      'a missing vocabulary',
      'vocabulary',
      'gone.csv',
      'RunFileInvalid',
      /^teachers\[0\]\.vocabulary: .*gone\.csv cannot be read/,
    ],
    [
      'a vocabulary without a class of the run',
      'vocabulary',
      'short.csv',
      'TeacherInvalid',
      /^teachers\[0\]\.checkpoint: .*lacks 1 of 3 classes: c; say "missing"/,
    ],
  ])('refuses %s, naming the field', async (_what, field, value, code, message) => {
    write();
    writeFileSync(join(folder, 'short.csv'), vocabularyCsv(['a', 'b']));
    writeFileSync(join(folder, 'vocabulary.csv'), vocabularyCsv(classes));
    const teacher = { ...teachers[1]!, [field]: value };
    const importing = importModels(deps, {
      store: '',
      vocabulary: 'vocabulary.csv',
      teachers: [teacher],
      inits: [],
    });
    await expect(importing).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });
});

describe('an ensemble whose vocabularies differ', () => {
  const classes = ['b', 'c', 'a'];
  const fields = { output: 'logits', spectrogramMasks: 'skip', format: 'onnx' };
  const teachersOf = (missing?: string): Teacher[] =>
    [
      { name: 'first', checkpoint: 'first.onnx', vocabulary: 'first.csv', weight: 2 },
      { name: 'second', checkpoint: 'second.onnx', vocabulary: 'second.csv', weight: 1 },
    ].map((teacher) => teacherSchema.parse({ ...teacher, ...fields, missing }));

  const write = (own: readonly string[]): void => {
    writeFileSync(join(folder, 'first.csv'), vocabularyCsv(own));
    writeFileSync(join(folder, 'second.csv'), vocabularyCsv(['b', 'other', 'a']));
    writeFileSync(join(folder, 'first.onnx'), onnxBytes([20, 5]));
    writeFileSync(join(folder, 'second.onnx'), onnxBytes([-30, 9, 40]));
  };
  const importing = (teachers: Teacher[]) =>
    importModels(deps, { store: '', vocabulary: 'vocabulary.csv', teachers, inits: [] });
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

  it('refuses a teacher that lacks a class, unless it may abstain', async () => {
    write(['c', 'a']);
    await prepare(classes, 1);
    await expect(importing(teachersOf())).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(/lacks 1 of 3 classes: b; say "missing"/) as unknown,
    });
    const { teachers, notes } = await importing(teachersOf('abstain'));
    expect(teachers.map(({ missing }) => missing)).toEqual([1, 1]);
    expect(notes?.filter((note) => !UNKNOWN_RATE.test(note))).toEqual([
      'teachers[0]: abstains from 1 of 3 classes: b',
      'teachers[1]: abstains from 1 of 3 classes: c',
    ]);
  });

  it('refuses a class that no teacher knows, by its name', async () => {
    write(['x', 'a']);
    await prepare(classes, 1);
    await expect(importing(teachersOf('abstain'))).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^teachers: no teacher knows 1 of 3 classes: c; add a teacher that does/,
      ) as unknown,
    });
  });

  it('stores, of each class, the weighted mean of the teachers that know it', async () => {
    write(['c', 'a']);
    const { planKey, audio } = await prepare(classes, 1);
    const { teachers: ensemble } = await importing(teachersOf('abstain'));
    const mAPs: (number | null)[] = [];
    for (const model of ensemble) {
      const input = { store: '', planKey, model, chunkSeconds: 1, precision: 'float32' } as const;
      mAPs.push((await scoreJob(context, { ...input, split: 'validation' })).mAP);
      // A run that does not let it abstain does not adopt these scores.
      const { missing: _missing, ...strict } = model;
      await expect(
        scoreJob(context, { ...input, split: 'validation', model: strict }),
      ).rejects.toMatchObject({ code: 'TeacherInvalid' });
    }
    const { logitsKey } = await predictAndWrite(context, {
      store: '',
      planKey,
      shard: 0,
      ensemble,
      settings: settingsOf(1, 3),
    });
    const [table] = await storedTables(store, logitsKey, audio.audioShards);
    const { teachers } = (await readRecord(
      store,
      layout.logitsDescription(logitsKey),
      descriptionRecord,
    )) as ComputedDescription;
    expect(teachers.map(({ classMap }) => classMap)).toEqual([
      [-1, 0, 1],
      [0, -1, 2],
    ]);
    for (const [index, clip] of audio.clips.entries()) {
      const pcm = new Int16Array(clip.chunks[0]!.length);
      audio.read(clip, clip.chunks[0]!, pcm);
      // A circular shift leaves the mean, which is all that these networks take in, as it is.
      const mean = pcm.reduce((sum, sample) => sum + sample / 32_768, 0) / pcm.length;
      const expected = [
        sigmoid(-30 * mean),
        sigmoid(20 * mean),
        (2 / 3) * sigmoid(5 * mean) + (1 / 3) * sigmoid(40 * mean),
      ];
      for (let at = index * 2 * 3; at < (index + 1) * 2 * 3; at++)
        expect(
          Math.abs(halfValues[table!.values[at]!]! - expected[table!.indexes[at]!]!),
        ).toBeLessThan(2 ** -12 + 1e-5);
    }
    const [manifest = ''] = (await store.list(`logits/${logitsKey}/`)).filter((key) =>
      /[0-9a-f]{64}\.json$/.test(key),
    );
    const { gate, agreement } = await readRecord(store, manifest, logitsRecord);
    expect(gate?.[0]?.teachers).toEqual(mAPs);
    expect(agreement).toHaveLength(1);
    const { contentSha256 } = await readCorpusClips(store, planKey, 'validation');
    const scores = await readScores(store, ensemble[0]!.sha256, contentSha256);
    expect(scores?.missing).toEqual([0]);
    // Over the classes that it knows, as if the run had no other.
    const known = [1, 2].map((index) =>
      averagePrecision(
        columnOf(scores!.values, index, 3),
        Float64Array.from([0, 1, 2], (clip) => (clip === index ? 1 : 0)),
      ),
    );
    expect(mAPs[0]).toBeCloseTo((known[0]! + known[1]!) / 2, 12);
  });
});

/** Nothing says at which sample rate the networks of these tests take audio. */
const UNKNOWN_RATE = /^teachers\[\d\]: nothing says at which sample rate it takes audio/;

describeWithPublishedTeachers('an ensemble with networks that nobody here trained', () => {
  const classes = ['violin', 'guitar', 'drums', 'piano', 'flute'];
  const fields = {
    format: 'onnx',
    output: 'probabilities',
    vocabulary: publishedTeachers.vocabulary,
    spectrogramMasks: 'skip',
  };
  const musicnn = { name: 'musicnn', checkpoint: publishedTeachers.musicnn, weight: 2, ...fields };
  const vgg = { name: 'vgg', checkpoint: publishedTeachers.vgg, weight: 1, ...fields };
  const ced = { name: 'ced', checkpoint: 'ced', format: 'ced', weight: 1 };

  it('learns of clips shorter than their window, which are padded to it', async () => {
    const samples = [64_000, 32_000, 20_000];
    const { planKey, audio } = await prepare(classes, 4, (clip) => samples[clip]!);
    const imported = await importModels(deps, {
      ...{ store: '', vocabulary: 'vocabulary.csv', inits: [], chunkSeconds: 4 },
      teachers: [teacherSchema.parse(musicnn), teacherSchema.parse(vgg)],
    });
    // 3 s, and what the hop of its frames adds.
    const { notes = [] } = imported;
    // What they make of made sounds tells no rate: both take 16 kHz.
    const warnings = notes.filter((note) => UNKNOWN_RATE.test(note));
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) {
      const [, usual, other] = / ([\d.]+) on average .* 16000 Hz, and ([\d.]+) at /.exec(warning)!;
      expect(Number(usual)).toBeGreaterThan(0.05);
      expect(Number(other)).toBeGreaterThan(0.05);
    }
    const others = notes.filter((note) => !UNKNOWN_RATE.test(note));
    expect(others.map((note) => note.replace(/ [23]\.\d+ s/, ' 3 s'))).toEqual(
      [0, 1].map(
        (teacher) =>
          `teachers[${teacher}]: it says nothing of clips shorter than 3 s: shorter chunks end ` +
          'in silence up to that',
      ),
    );
    const ensemble = imported.teachers;
    const shard = { store: '', planKey, shard: 0, ensemble, settings: settingsOf(4, 5) };
    const { logitsKey, rows, leftOut } = await predictAndWrite(context, shard);
    expect([rows, leftOut]).toEqual([6, undefined]);
    const [table] = await storedTables(store, logitsKey, audio.audioShards);
    expect([...table!.values].filter((half) => half === 0)).toEqual([]);
    await audio.close();
  });

  it.each([
    [
      'of both gives, per clip, the weighted mean of what onnxruntime gives each alone',
      [musicnn, vgg],
    ],
    ['of one and a CED model gives the weighted mean of both', [ced, musicnn]],
  ])('%s', async (_title, fieldsOfTeachers) => {
    const run = { ...(await prepare(classes, 4)), chunkSeconds: 4, classes: classes.length };
    const names = parseVocabularyCsv(readFileSync(publishedTeachers.vocabulary, 'utf8')).map(
      ({ name }) => name,
    );
    const map = classes.map((name) => names.indexOf(name));
    const teachers = fieldsOfTeachers.map((teacher) => teacherSchema.parse(teacher));
    const alone: Alone[] = [];
    for (const teacher of teachers)
      alone.push(
        teacher.format === 'onnx'
          ? await onnxAlone(teacher.checkpoint, map, 'probabilities')
          : writeCed(classes, 4),
      );
    await expectWeightedMean(run, teachers, alone);
  });
});
