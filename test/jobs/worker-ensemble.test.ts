import { scoreOutputs } from '../../activities/score-outputs';
import { writeRows } from '../../activities/write-rows';
import { shiftInto } from '../../ced/augment/apply';
import { drawViews } from '../../ced/logits/views';
import { halfValues } from '../../ced/logits/half';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { readScores } from '../../storage/scores';
import type { EnsembleMember } from '../../workflows/contract/models';
import type { OutputsManifest } from '../../workflows/contract/teacher-worker';
import { storedTables } from '../support/in-process';
import type { ReferenceTeacher } from '../support/reference-teacher';
import { referenceOutputs } from '../support/teacher-worker-files';
import { settings, TeacherScene } from '../support/teacher-scene';

let scene: TeacherScene;
beforeEach(async () => {
  scene = await TeacherScene.open();
});
afterEach(() => scene.remove());

describe('an ensemble with a teacher that is a worker', () => {
  it('stores the weighted mean of each alone, classes in the order of the run', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    const ensemble = [member, scene.natives[0]!];
    await scene.predictAll(teacher, ensemble);
    const { logitsKey, rows } = await scene.compute(ensemble);
    expect(rows).toBe(15);
    const audio = await CorpusAudio.open(scene.store, scene.planKey, 'train');
    const [table] = await storedTables(scene.store, logitsKey, audio.audioShards);
    const own = await scene.context.teacher(scene.natives[0]!.sha256, 'float32', audio.vocabulary);
    let row = 0;
    for (const { clip, chunk, parameters } of drawViews(audio.clips, settings)) {
      const pcm = await audio.readLater(clip, chunk);
      if (pcm.every((sample) => sample === 0)) continue;
      const shifted = new Int16Array(pcm.length);
      shiftInto(pcm, parameters.shift, shifted, 0);
      const input = { pcm: shifted, batch: 1, samples: pcm.length, masks: null };
      const { values: ours } = await own.predict(input);
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
      const teacher = scene.reference({ ...options, version: JSON.stringify(options) });
      const { member } = await scene.accepted(teacher);
      await scene.predictAll(teacher, [member]);
      const { logitsKey } = await scene.compute([member]);
      const audio = await CorpusAudio.open(scene.store, scene.planKey, 'train');
      tables.push((await storedTables(scene.store, logitsKey, audio.audioShards))[0]!);
    }
    // Top-K is taken after rounding to float16: both are the same halves.
    expect(tables[1]!.values).toEqual(tables[0]!.values);
    const teacher = scene.reference({ output: 'logits' });
    const { member } = await scene.accepted(teacher);
    await scene.predictAll(teacher, [member]);
    const { logitsKey } = await scene.compute([member]);
    const audio = await CorpusAudio.open(scene.store, scene.planKey, 'train');
    const [table] = await storedTables(scene.store, logitsKey, audio.audioShards);
    const [first] = tables[0]!.values;
    const odds = 8 * halfValues[first!]! - 4;
    expect(halfValues[table!.values[0]!]).toBeCloseTo(1 / (1 + Math.exp(-odds)), 2);
  });

  it('is scored on a split from the outputs of its clean view', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    const of = { store: '', planKey: scene.planKey, split: 'validation' as const, chunkSeconds: 1 };
    const input = { ...of, model: member };
    expect(await scoreOutputs(scene.deps, { ...input, kept: true })).toBeNull();
    const rows = { ...of, shard: 0, ensemble: [member] };
    for (const { input: request } of (await writeRows(scene.deps, rows)).requests)
      await teacher.predict(scene.store, request);
    const scored = await scoreOutputs(scene.deps, input);
    expect(scored).toMatchObject({ reused: false, mAP: expect.any(Number) as number });
    expect(await scoreOutputs(scene.deps, { ...input, kept: true })).toMatchObject({
      mAP: scored!.mAP,
      reused: true,
    });
    const audio = await CorpusAudio.open(scene.store, scene.planKey, 'validation');
    const { values } = (await readScores(scene.store, member.sha256, audio.contentSha256))!;
    for (const [index, clip] of audio.clips.entries()) {
      const pcm = await audio.readLater(clip, clip.chunks[0]!);
      const alone = Float32Array.from(referenceOutputs(pcm, 7).slice(1).toReversed());
      expect(values.subarray(index * 6, index * 6 + 6)).toEqual(alone);
    }
    await audio.close();
  });

  it('has no part in a score for a silent chunk that it gives equal values for', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    const of = { store: '', planKey: scene.planKey, split: 'train' as const, chunkSeconds: 1 };
    for (const request of (await writeRows(scene.deps, { ...of, shard: 0, ensemble: [member] }))
      .requests)
      await teacher.predict(scene.store, request.input);
    expect(await scoreOutputs(scene.deps, { ...of, model: member })).toMatchObject({
      leftOut: { chunks: 1, examples: ['train-4 chunk 1: beats gives 0 for every class'] },
    });
    const audio = await CorpusAudio.open(scene.store, scene.planKey, 'train');
    const { values, unscored } = (await readScores(
      scene.store,
      member.sha256,
      audio.contentSha256,
    ))!;
    const pcm = await audio.readLater(audio.clips[4]!, audio.clips[4]!.chunks[0]!);
    const alone = referenceOutputs(pcm, 7).slice(1).toReversed();
    alone.forEach((value, c) => expect(values[4 * 6 + c]).toBeCloseTo(value, 6));
    expect(unscored).toEqual([]);
    await audio.close();
  });

  it('asks for a shard once: not for logits that are there, nor for outputs that are', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    expect(await scene.predictAll(teacher, [member])).toHaveLength(1);
    expect(await scene.predictAll(teacher, [member])).toEqual([]);
    expect(await scene.predictAll(teacher, [{ ...member, weight: 9 }, scene.natives[0]!])).toEqual(
      [],
    );
    await scene.compute([member]);
    for (const key of await scene.store.list('outputs/')) await scene.store.remove(key);
    expect(await scene.predictAll(teacher, [member])).toEqual([]);
    expect(await scene.predictAll(teacher, [member], { ...settings, views: 4 })).toHaveLength(1);
  });

  it('asks again for outputs that are missing or damaged, and stores the same logits', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    const damage = { kind: 'outputs', teacher: member.sha256, split: 'train', shard: 0 };
    const missing = scene.compute([member]);
    await expect(missing).rejects.toMatchObject({
      damages: [damage],
      message: expect.stringMatching(/^beats: .* is missing$/) as unknown,
    });
    const [request] = await scene.predictAll(teacher, [member]);
    const { data } = request!.output;
    const intact = Buffer.from((await scene.store.read(data))!);
    const flipped = Buffer.from(intact);
    flipped[flipped.length - 3]! ^= 1;
    await scene.store.replace(data, flipped);
    await expect(scene.compute([member])).rejects.toMatchObject({ damages: [damage] });
    expect(await scene.store.list(`quarantine/${data}`)).toHaveLength(1);
    expect(await scene.predictAll(teacher, [member])).toHaveLength(1);
    expect(Buffer.from((await scene.store.read(data))!)).toEqual(intact);
    await expect(scene.compute([member])).resolves.toMatchObject({ rows: 15 });
  });

  const withManifest = (change: (manifest: OutputsManifest) => Partial<OutputsManifest>) => {
    return async (teacher: ReferenceTeacher, member: EnsembleMember): Promise<void> => {
      const [request] = await scene.predictAll(teacher, [member]);
      const key = request!.output.manifest;
      const manifest = JSON.parse(String(await scene.store.read(key))) as OutputsManifest;
      await scene.store.replace(
        key,
        Buffer.from(JSON.stringify({ ...manifest, ...change(manifest) })),
      );
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
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    await spoil(teacher, member);
    await expect(scene.compute([member])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
    await expect(
      scene.predictAll(teacher, [member]).then(() => scene.compute([member])),
    ).resolves.toMatchObject({ rows: 15 });
  });

  it.each([
    ['that is not a number', [NaN], /^beats: train shard 0: row 4: its output 0 is NaN$/],
    ['that is no probability', [1.5], /row 4: its output 0 is 1\.5, which is no probability/],
    ['of zeros', Array<number>(7).fill(0), /row 4: it gives 0 for every class/],
    ['of equal values', Array<number>(7).fill(0.5), /row 4: it gives 0\.5 for every class/],
  ])('refuses a row %s, naming it', async (_, values, message) => {
    const teacher = scene.reference({
      spoil: (row, outputs) => (row === 4 ? outputs.map((own, c) => values[c] ?? own) : outputs),
    });
    const { member } = await scene.accepted(teacher);
    await scene.predictAll(teacher, [member]);
    await expect(scene.compute([member])).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('takes equal values for a silent chunk, which is left out of the logits', async () => {
    const teacher = scene.reference();
    const { member } = await scene.accepted(teacher);
    await scene.predictAll(teacher, [member]);
    expect(await scene.compute([member])).toMatchObject({ rows: 15, leftOut: { chunks: 1 } });
    const [key = ''] = (await scene.store.list('outputs/')).filter((name) =>
      /[0-9a-f]{64}\.npy$/.test(name),
    );
    // The last clip: 0 of its samples are above zero.
    const tail = (await scene.store.read(key))!.slice(-3 * 7 * 4);
    expect([...tail].every((byte) => byte === 0)).toBe(true);
  });
});
