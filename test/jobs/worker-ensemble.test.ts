import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptTeacher } from '../../activities/accept-teacher';
import { checkProbe } from '../../activities/check-probe';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importModels } from '../../activities/import-models';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { requireClasses } from '../../activities/require-classes';
import { scoreOutputs } from '../../activities/score-outputs';
import { writeRows } from '../../activities/write-rows';
import { readStoreUnits } from '../../cli/store/store-units';
import { verifyStore } from '../../cli/store/store-verification';
import { encodeWav } from '../../ced/audio/wav-file';
import { shiftInto } from '../../ced/augment/apply';
import { drawViews } from '../../ced/logits/views';
import { halfValues } from '../../ced/logits/half';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import type { JobContext } from '../../jobs/job-context';
import type { MappedModel } from '../../jobs/mapped-model';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { readPlan } from '../../storage/corpus/plan-manifest';
import { layout } from '../../storage/layout';
import { requireWorkerManifest } from '../../storage/models/worker-folder';
import { readScores } from '../../storage/scores';
import type { EnsembleMember } from '../../workflows/contract/models';
import { logitsSchema, teacherSchema } from '../../workflows/contract/run-file-sections';
import type { LogitsSettings, WorkerTeacher } from '../../workflows/contract/run-file-sections';
import { classListInStore, hashOfClassList } from '../../workflows/contract/teacher-vocabulary';
import type { OutputsManifest, PredictShardInput } from '../../workflows/contract/teacher-worker';
import { jobContextOn, predictAndWrite, storeBelow, storedTables } from '../support/in-process';
import { ReferenceTeacher, type ReferenceOptions } from '../support/reference-teacher';
import { referenceOutputs } from '../support/teacher-worker-files';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

const ignore = (): void => undefined;
const settings: LogitsSettings = logitsSchema.parse({
  views: 3,
  topK: 6,
  chunkSeconds: 1,
  seed: 7,
  augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } },
});
const beats = teacherSchema.parse({
  name: 'beats',
  format: 'worker',
  taskQueue: 'teacher-beats',
  weight: 3,
}) as WorkerTeacher;

let folder: string;
let store: FolderStore;
let context: JobContext;
let deps: ReturnType<typeof localDependencies>;
let planKey: string;
let vocabulary: string;
let natives: EnsembleMember[];
/** Batches that models of ours predicted, by name. */
let predictions: Map<string, number>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-worker-teacher-'));
  store = storeBelow(folder);
  deps = localDependencies(folder, store);
  const tables = writeToneCorpus(
    folder,
    { train: 5, validation: 4, eval: 0 },
    (index) => 16_000 - 500 * (index % 2),
  );
  // Its second chunk holds nothing: a teacher may say the same of every class.
  const halfSilent = Int16Array.from({ length: 32_000 }, (_, at) =>
    at < 16_000 ? 9000 * Math.sin(at / 7) : 0,
  );
  writeFileSync(join(folder, 'audio/train-4.wav'), encodeWav(halfSilent));
  vocabulary = tables.vocabulary;
  const corpus = { ...tables, clipsPerShard: 8, maxRejected: 0 };
  const { eval: _eval, ...ofTwo } = corpus;
  const input = { store: '', corpus: ofTwo, chunkSeconds: 1 };
  ({ planKey } = await planCorpus(deps, input, ignore));
  for (const split of ['train', 'validation'] as const)
    await ingestShard(deps, { store: '', planKey, split, shard: 0 }, ignore);
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
  const teachers = [1, 2].map((seed) =>
    teacherSchema.parse(writeUntrainedTeacher(folder, vocabulary, seed)),
  );
  natives = (await importModels(deps, { store: '', vocabulary, teachers, inits: [] })).teachers;
  predictions = new Map();
  const plain = jobContextOn(store);
  context = {
    ...plain,
    teacher: async (sha256, ...of) => counted(sha256, await plain.teacher(sha256, ...of)),
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function counted(sha256: string, model: MappedModel): MappedModel {
  const name = natives.find((member) => member.sha256 === sha256)?.name ?? '';
  const own = model.own.bind(model);
  model.own = (input) => {
    predictions.set(name, (predictions.get(name) ?? 0) + 1);
    return own(input);
  };
  return model;
}

/** Its classes in another order, and one more. */
function reference(options: Partial<ReferenceOptions> = {}): ReferenceTeacher {
  const classes = parseVocabularyCsv(readFileSync(join(folder, vocabulary), 'utf8'));
  const own = [{ mid: '', name: 'Extra' }, ...classes.toReversed()];
  return new ReferenceTeacher({ classes: own, ...options });
}

async function accepted(
  teacher: ReferenceTeacher,
  workflowRunId = 'run-1',
): Promise<{ member: EnsembleMember; probe: PredictShardInput }> {
  const description = await teacher.describe(store);
  const field = 'teachers[0]';
  const of = { store: '', vocabulary, field, teacher: beats, chunkSeconds: 1, masked: false };
  return await acceptTeacher(deps, { ...of, description, workflowRunId });
}

async function predictAll(
  teacher: ReferenceTeacher,
  ensemble: EnsembleMember[],
  of: LogitsSettings | undefined = settings,
): Promise<PredictShardInput[]> {
  const input = { store: '', planKey, split: 'train' as const, shard: 0, chunkSeconds: 1 };
  const { requests } = await writeRows(deps, { ...input, ensemble, settings: of });
  for (const request of requests) await teacher.predict(store, request.input);
  return requests.map((request) => request.input);
}

const compute = (ensemble: EnsembleMember[], of: LogitsSettings = settings) =>
  predictAndWrite(context, { store: '', planKey, shard: 0, ensemble, settings: of });

async function shardBytes(logitsKey: string): Promise<Buffer> {
  const audio = await CorpusAudio.open(store, planKey, 'train');
  return Buffer.from((await store.read(layout.logits(logitsKey, audio.audioShards[0]!)))!);
}

describe('an ensemble with a teacher that is a worker', () => {
  it('stores the weighted mean of each alone, classes in the order of the run', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    const ensemble = [member, natives[0]!];
    await predictAll(teacher, ensemble);
    const { logitsKey, rows } = await compute(ensemble);
    expect(rows).toBe(15);
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const [table] = await storedTables(store, logitsKey, audio.audioShards);
    const own = await context.teacher(natives[0]!.sha256, 'float32', audio.vocabulary);
    let row = 0;
    for (const { clip, chunk, parameters } of drawViews(audio.clips, settings)) {
      const pcm = await audio.readLater(clip, chunk);
      if (pcm.every((sample) => sample === 0)) continue;
      const shifted = new Int16Array(pcm.length);
      shiftInto(pcm, parameters.shift, shifted, 0);
      const input = { pcm: shifted, batch: 1, samples: pcm.length, masks: null };
      const ours = await own.probabilities(input);
      const theirs = referenceOutputs(shifted, 7).slice(1).toReversed();
      for (let rank = 0; rank < 6; rank++) {
        const index = table!.indexes[row * 6 + rank]!;
        const mean = 0.75 * theirs[index]! + 0.25 * ours[index]!;
        const stored = halfValues[table!.values[row * 6 + rank]!]!;
        expect(Math.abs(stored - mean)).toBeLessThan(2 ** -12 + 1e-5);
      }
      row++;
    }
    await audio.close();
  });

  it('takes outputs in float16, and puts logits through a sigmoid', async () => {
    const tables = [];
    for (const options of [{}, { dtype: 'float16' }] as const) {
      const teacher = reference({ ...options, version: JSON.stringify(options) });
      const { member } = await accepted(teacher);
      await predictAll(teacher, [member]);
      const { logitsKey } = await compute([member]);
      const audio = await CorpusAudio.open(store, planKey, 'train');
      tables.push((await storedTables(store, logitsKey, audio.audioShards))[0]!);
    }
    // Top-K is taken after rounding to float16: both are the same halves.
    expect(tables[1]!.values).toEqual(tables[0]!.values);
    const teacher = reference({ output: 'logits' });
    const { member } = await accepted(teacher);
    await predictAll(teacher, [member]);
    const { logitsKey } = await compute([member]);
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const [table] = await storedTables(store, logitsKey, audio.audioShards);
    const [first] = tables[0]!.values;
    const odds = 8 * halfValues[first!]! - 4;
    expect(halfValues[table!.values[0]!]).toBeCloseTo(1 / (1 + Math.exp(-odds)), 2);
  });

  it('is scored on a split from the outputs of its clean view', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    const of = { store: '', planKey, split: 'validation' as const, chunkSeconds: 1 };
    const input = { ...of, model: member };
    expect(await scoreOutputs(deps, { ...input, kept: true })).toBeNull();
    const rows = { ...of, shard: 0, ensemble: [member] };
    for (const { input: request } of (await writeRows(deps, rows)).requests)
      await teacher.predict(store, request);
    const scored = await scoreOutputs(deps, input);
    expect(scored).toMatchObject({ reused: false, mAP: expect.any(Number) as number });
    expect(await scoreOutputs(deps, { ...input, kept: true })).toMatchObject({
      mAP: scored!.mAP,
      reused: true,
    });
    const audio = await CorpusAudio.open(store, planKey, 'validation');
    const { values } = (await readScores(store, member.sha256, audio.contentSha256))!;
    for (const [index, clip] of audio.clips.entries()) {
      const pcm = await audio.readLater(clip, clip.chunks[0]!);
      const alone = Float32Array.from(referenceOutputs(pcm, 7).slice(1).toReversed());
      expect(values.subarray(index * 6, index * 6 + 6)).toEqual(alone);
    }
    await audio.close();
  });

  it('has no part in a score for a silent chunk that it gives equal values for', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    const of = { store: '', planKey, split: 'train' as const, chunkSeconds: 1 };
    for (const request of (await writeRows(deps, { ...of, shard: 0, ensemble: [member] })).requests)
      await teacher.predict(store, request.input);
    expect(await scoreOutputs(deps, { ...of, model: member })).toMatchObject({
      leftOut: { chunks: 1, examples: ['train-4 chunk 1: beats gives 0 for every class'] },
    });
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const { values, unscored } = (await readScores(store, member.sha256, audio.contentSha256))!;
    const pcm = await audio.readLater(audio.clips[4]!, audio.clips[4]!.chunks[0]!);
    const alone = referenceOutputs(pcm, 7).slice(1).toReversed();
    alone.forEach((value, c) => expect(values[4 * 6 + c]).toBeCloseTo(value, 6));
    expect(unscored).toEqual([]);
    await audio.close();
  });

  it('asks for a shard once: not for logits that are there, nor for outputs that are', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    expect(await predictAll(teacher, [member])).toHaveLength(1);
    expect(await predictAll(teacher, [member])).toEqual([]);
    expect(await predictAll(teacher, [{ ...member, weight: 9 }, natives[0]!])).toEqual([]);
    await compute([member]);
    for (const key of await store.list('outputs/')) await store.remove(key);
    expect(await predictAll(teacher, [member])).toEqual([]);
    expect(await predictAll(teacher, [member], { ...settings, views: 4 })).toHaveLength(1);
  });

  it('asks again for outputs that are missing or damaged, and stores the same logits', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    const damage = { kind: 'outputs', teacher: member.sha256, split: 'train', shard: 0 };
    const missing = compute([member]);
    await expect(missing).rejects.toMatchObject({
      damages: [damage],
      message: expect.stringMatching(/^beats: .* is missing$/) as unknown,
    });
    const [request] = await predictAll(teacher, [member]);
    const { data } = request!.output;
    const intact = Buffer.from((await store.read(data))!);
    const flipped = Buffer.from(intact);
    flipped[flipped.length - 3]! ^= 1;
    await store.replace(data, flipped);
    await expect(compute([member])).rejects.toMatchObject({ damages: [damage] });
    expect(await store.list(`quarantine/${data}`)).toHaveLength(1);
    expect(await predictAll(teacher, [member])).toHaveLength(1);
    expect(Buffer.from((await store.read(data))!)).toEqual(intact);
    await expect(compute([member])).resolves.toMatchObject({ rows: 15 });
  });

  const withManifest = (change: (manifest: OutputsManifest) => Partial<OutputsManifest>) => {
    return async (teacher: ReferenceTeacher, member: EnsembleMember): Promise<void> => {
      const [request] = await predictAll(teacher, [member]);
      const key = request!.output.manifest;
      const manifest = JSON.parse(String(await store.read(key))) as OutputsManifest;
      await store.replace(key, Buffer.from(JSON.stringify({ ...manifest, ...change(manifest) })));
    };
  };
  it.each([
    ['another version', withManifest(() => ({ version: '2' })), 'TeacherChanged', /version 2 with/],
    [
      'another number of rows',
      withManifest(({ rows }) => ({ rows: rows - 1 })),
      'TeacherInvalid',
      /outputs are \[17, 7\], expected \[18, 7\]$/,
    ],
    [
      'another kind of outputs',
      withManifest(() => ({ output: 'logits' })),
      'TeacherInvalid',
      /gave logits, declared are probabilities$/,
    ],
    [
      'another type than its file',
      withManifest(() => ({ dtype: 'float16' })),
      'TeacherInvalid',
      /holds \[18, 7\] of <f4, its manifest says \[18, 7\] of <f2$/,
    ],
  ])('refuses a manifest of %s, naming teacher and shard', async (_, spoil, code, message) => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    await spoil(teacher, member);
    await expect(compute([member])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
    await expect(
      predictAll(teacher, [member]).then(() => compute([member])),
    ).resolves.toMatchObject({ rows: 15 });
  });

  it.each([
    ['that is not a number', [NaN], /^beats: train shard 0: row 4: its output 0 is NaN$/],
    ['that is no probability', [1.5], /row 4: its output 0 is 1\.5, which is no probability/],
    ['of zeros', Array<number>(7).fill(0), /row 4: it gives 0 for every class/],
    ['of equal values', Array<number>(7).fill(0.5), /row 4: it gives 0\.5 for every class/],
  ])('refuses a row %s, naming it', async (_, values, message) => {
    const teacher = reference({
      spoil: (row, outputs) => (row === 4 ? outputs.map((own, c) => values[c] ?? own) : outputs),
    });
    const { member } = await accepted(teacher);
    await predictAll(teacher, [member]);
    await expect(compute([member])).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('takes equal values for a silent chunk, which is left out of the logits', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    await predictAll(teacher, [member]);
    expect(await compute([member])).toMatchObject({ rows: 15, leftOut: { chunks: 1 } });
    const [key = ''] = (await store.list('outputs/')).filter((name) =>
      /[0-9a-f]{64}\.npy$/.test(name),
    );
    // The last clip: 0 of its samples are above zero.
    const tail = (await store.read(key))!.slice(-3 * 7 * 4);
    expect([...tail].every((byte) => byte === 0)).toBe(true);
  });
});

describe('a worker that says what its teacher is', () => {
  it('answers the probe clips as before, or is refused under the same version', async () => {
    const probing = async (bias: number, run: string) => {
      const teacher = reference({ bias });
      const { member, probe } = await accepted(teacher, run);
      await teacher.predict(store, probe);
      return await checkProbe(deps, { store: '', teacher: member, probe });
    };
    expect(await probing(0, 'run-1')).toEqual({ largest: null });
    expect(await probing(0, 'run-1')).toEqual({ largest: null });
    expect(await probing(0, 'run-2')).toEqual({ largest: 0 });
    const other = await probing(0.001, 'run-3');
    expect(other.largest).toBeGreaterThan(0);
    await expect(probing(0.1, 'run-4')).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^beats answers fixed probe clips otherwise than before under the same version 1: /,
      ) as unknown,
    });
  });

  it('sets a new first probe where the old one is damaged', async () => {
    const teacher = reference();
    const { member, probe } = await accepted(teacher);
    await teacher.predict(store, probe);
    const check = { store: '', teacher: member, probe };
    await checkProbe(deps, check);
    await store.remove(probe.output.data);
    const { probe: next } = await accepted(teacher, 'run-2');
    await teacher.predict(store, next);
    expect(await checkProbe(deps, { ...check, probe: next })).toEqual({ largest: null });
  });

  const description = async (change: object): Promise<unknown> => ({
    ...(await reference().describe(store)),
    ...change,
  });
  const accepting = async (change: object, of: object = {}): Promise<unknown> =>
    await acceptTeacher(deps, {
      ...{ store: '', vocabulary, field: 'teachers[2]', teacher: beats, chunkSeconds: 1 },
      ...{ masked: false, workflowRunId: 'run' },
      description: await description(change),
      ...of,
    });
  it.each([
    [
      'another contract',
      { contract: 2 },
      'ContractUnknown',
      /speaks contract 2, this version speaks 1$/,
    ],
    [
      'no weights',
      { weightsSha256: 'none' },
      'TeacherInvalid',
      /answered weightsSha256: expected 64/,
    ],
    [
      'a class list that is nowhere',
      { classes: { key: layout.teacherClasses('0'.repeat(64)), sha256: '0'.repeat(64), count: 3 } },
      'TeacherInvalid',
      /does its worker use the same store\?$/,
    ],
    ['a short window', { longestSeconds: 0.5 }, 'TeacherInvalid', /takes at most 0\.5 s/],
  ])('is refused with %s', async (_, change, code, message) => {
    await expect(accepting(change)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('is refused under masks that it does not apply, unless they are skipped for it', async () => {
    await expect(accepting({}, { masked: true })).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(/^teachers\[2\]\.spectrogramMasks: /) as unknown,
    });
    const skipping = { masked: true, teacher: { ...beats, spectrogramMasks: 'skip' } };
    await expect(accepting({}, skipping)).resolves.toBeDefined();
    await expect(accepting({ masks: true }, { masked: true })).resolves.toBeDefined();
  });

  it('is refused when it lacks a class of the run, unless it may abstain', async () => {
    const classes = reference()['options'].classes.slice(2);
    const lacking = await new ReferenceTeacher({ classes }).describe(store);
    await expect(accepting(lacking)).rejects.toMatchObject({
      message: 'teachers[2]: the teacher lacks 1 of 6 classes: Clicks',
    });
    await expect(
      accepting(lacking, { teacher: { ...beats, missing: 'abstain' } }),
    ).resolves.toMatchObject({
      member: { missing: 1 },
      notes: ['teachers[2]: abstains from 1 of 6 classes: Clicks'],
    });
  });
});

describe('the classes of a worker', () => {
  const listed = async (classes: readonly { mid: string; name: string }[]) =>
    (await new ReferenceTeacher({ classes }).describe(store)).classes;
  const acceptingList = async (classes: readonly { mid: string; name: string }[]) => {
    const description = await new ReferenceTeacher({ classes }).describe(store);
    const of = { store: '', vocabulary, field: 'teachers[0]', teacher: beats, chunkSeconds: 1 };
    return await acceptTeacher(deps, { ...of, description, masked: false, workflowRunId: 'run' });
  };
  const own = () => parseVocabularyCsv(readFileSync(join(folder, vocabulary), 'utf8'));

  it.each([
    ['one name twice', [{ mid: '', name: 'Sweep' }], 'name "Sweep" occurs twice, as class 3 and'],
    ['one MID twice', [{ mid: '/t/1', name: 'New' }], 'MID /t/1 occurs twice, as class 1 and'],
    ['a class without a name', [{ mid: '/t/9', name: ' ' }], 'class 6 has no name'],
    ['a name of a page', [{ mid: '', name: 'n'.repeat(513) }], 'class 6 has a name longer than'],
  ])('are refused with %s, naming where', async (_, more, message) => {
    await expect(acceptingList([...own(), ...more])).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        new RegExp(`^teachers\\[0\\]: its class list .*: ${message}`),
      ) as unknown,
    });
  });

  it('may be those of the run', async () => {
    const classes = own().toReversed();
    const list = classListInStore((await listed(classes)).sha256);
    const [description, field] = [await reference().describe(store), 'teachers[0]'];
    const of = { store: '', vocabulary: list, field, teacher: beats, chunkSeconds: 1 };
    const given = { ...of, description, masked: false, workflowRunId: 'run' };
    const { member } = await acceptTeacher(deps, given);
    expect(member.missing).toBeUndefined();
    const corpus = { train: 'train.jsonl', vocabulary: list, clipsPerShard: 8, maxRejected: 0 };
    const plan = await planCorpus(deps, { store: '', corpus, chunkSeconds: 1 }, ignore);
    expect((await readPlan(store, plan.planKey)).vocabulary).toEqual(classes);
    await store.replace(layout.teacherClasses(hashOfClassList(list)!), Buffer.from('[]'));
    const damaged = planCorpus(deps, { store: '', corpus, chunkSeconds: 1 }, ignore);
    await expect(damaged).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^corpus\.vocabulary: .* does not hash to its name/,
      ) as unknown,
    });
  });

  it('have to cover those of the run, with those of its fellow teachers', async () => {
    const abstaining = async (classes: readonly { mid: string; name: string }[], name: string) => {
      const description = await new ReferenceTeacher({ classes }).describe(store);
      const teacher = { ...beats, missing: 'abstain' as const, name };
      const of = { store: '', vocabulary, field: name, teacher, chunkSeconds: 1 };
      const given = { ...of, description, masked: false, workflowRunId: 'run' };
      return (await acceptTeacher(deps, given)).member;
    };
    const [low, high] = [own().slice(0, 3), own().slice(3)];
    const covering = [await abstaining(low, 'low'), await abstaining(high, 'high')];
    await expect(
      requireClasses(deps, { store: '', vocabulary, ensemble: covering }),
    ).resolves.toBeNull();
    const lacking = [covering[0]!, await abstaining(high.slice(1), 'higher')];
    await expect(
      requireClasses(deps, { store: '', vocabulary, ensemble: lacking }),
    ).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^teachers: no teacher knows 1 of 6 classes: Sweep; add a teacher that does/,
      ) as unknown,
    });
  });
});

describe('outputs that are kept', () => {
  const keeping: LogitsSettings = { ...settings, keepOutputs: true };

  it('make the same logits as outputs that are not, of the teacher and of the worker', async () => {
    const teacher = reference();
    const { member } = await accepted(teacher);
    const ensemble = [natives[0]!, member, natives[1]!];
    await predictAll(teacher, ensemble);
    const { logitsKey } = await compute(ensemble);
    const plain = await shardBytes(logitsKey);
    const remove = async (): Promise<void> => {
      for (const key of await store.list(`logits/${logitsKey}/`)) await store.remove(key);
    };
    await remove();
    expect((await compute(ensemble, keeping)).logitsKey).toBe(logitsKey);
    expect(await shardBytes(logitsKey)).toEqual(plain);
    predictions.clear();
    await remove();
    await compute(ensemble, keeping);
    expect(await shardBytes(logitsKey)).toEqual(plain);
    expect(predictions.size).toBe(0);
  });

  it('are predicted once, whatever weight, K and fellow teachers later runs have', async () => {
    const [one, two] = natives as [EnsembleMember, EnsembleMember];
    await compute([one], keeping);
    expect([...predictions.keys()]).toEqual([one.name]);
    predictions.clear();
    await compute([one], { ...keeping, topK: 3 });
    expect(predictions.size).toBe(0);
    await compute([{ ...one, weight: 2 }, two], keeping);
    expect([...predictions.keys()]).toEqual([two.name]);
    predictions.clear();
    await compute([two, { ...one, weight: 5 }], { ...keeping, topK: 2 });
    expect(predictions.size).toBe(0);
    await compute([one], { ...keeping, views: 2 });
    expect([...predictions.keys()]).toEqual([one.name]);
  });

  it('are predicted again when they are damaged', async () => {
    const [one] = natives as [EnsembleMember];
    const { logitsKey } = await compute([one], keeping);
    const plain = await shardBytes(logitsKey);
    const [data = ''] = (await store.list(`outputs/${one.sha256}/`)).filter((key) =>
      key.endsWith('.npy'),
    );
    const bytes = Buffer.from((await store.read(data))!);
    bytes[200]! ^= 1;
    await store.replace(data, bytes);
    for (const key of await store.list(`logits/${logitsKey}/`)) await store.remove(key);
    predictions.clear();
    await compute([one], keeping);
    expect(predictions.size).toBe(1);
    expect(await shardBytes(logitsKey)).toEqual(plain);
  });
});

describe('a store with outputs', () => {
  it('is verified with them, and says which are damaged', async () => {
    const teacher = reference();
    const { member, probe } = await accepted(teacher);
    await teacher.predict(store, probe);
    await checkProbe(deps, { store: '', teacher: member, probe });
    const [request] = await predictAll(teacher, [member]);
    await compute([member, natives[0]!], { ...settings, keepOutputs: true });
    expect(await verifyStore(store)).toMatchObject({ damaged: [], leftOver: [] });
    const part = `${request!.output.data}.part/000000000-000000016.npy`;
    await store.create(part, Buffer.from('half'));
    for (const key of [request!.output.data, request!.rows.key])
      await store.replace(key, Buffer.from('something else'));
    const { damaged, leftOver } = await verifyStore(store);
    expect(damaged.map(({ key }) => key).sort()).toEqual(
      [request!.output.data, request!.rows.key].sort(),
    );
    expect(leftOver).toEqual([part]);
  });

  it('keeps those of teachers that a kept result names, and no others', async () => {
    const [teacher, unnamed] = [reference(), reference({ version: '2' })];
    const [{ member }, { member: other }] = [await accepted(teacher), await accepted(unnamed)];
    await predictAll(teacher, [member]);
    await predictAll(unnamed, [other]);
    const kept = { ...settings, keepOutputs: true };
    const { logitsKey } = await compute([member, natives[0]!], kept);
    await compute([other, natives[1]!], kept);
    await store.create('runs/one/result.json', Buffer.from(JSON.stringify({ key: logitsKey })));
    const outputs = (await readStoreUnits(store)).filter(({ kind }) => kind === 'outputs');
    const manifests = await Promise.all(
      [member, other].map(({ sha256 }) => requireWorkerManifest(store, sha256)),
    );
    const referred = new Map(outputs.map(({ name, referredBy }) => [name, referredBy]));
    expect(referred).toEqual(
      new Map([
        [`outputs/${manifests[0]!.teacherKey}`, [`logits/${logitsKey}`]],
        [`outputs/${natives[0]!.sha256}`, [`logits/${logitsKey}`]],
        [`outputs/${manifests[1]!.teacherKey}`, []],
        [`outputs/${natives[1]!.sha256}`, []],
      ]),
    );
  });
});
