/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluateRun } from '../../activities/publish/run-evaluation';
import { scoredClips } from '../../ced/corpus/scored-clips';
import { splitMAP } from '../../ced/metrics/split-scores';
import { scoreJob } from '../../jobs/score/score-job';
import { prepareTargets } from '../../jobs/train/prepared-targets';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { readRecord } from '../../storage/record';
import { ensembleMean, readScores } from '../../storage/scores';
import { logitsSchema, studentSchema } from '../../workflows/contract/run-file-sections';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { jobContextOn, predictAndWrite, storeBelow, storedTables } from '../support/in-process';
import { partialTargets, trainingInput } from '../support/training-input';
import { prepareWaves } from '../support/wave-corpus';

const classes = ['a', 'b', 'c'];
const settings = logitsSchema.parse({ views: 2, topK: 3, chunkSeconds: 1, seed: 7 });

/** A network that needs 0.9 s, on clips of 1, 0.75 and 0.95 s. */
describe('a chunk of which a teacher says nothing', () => {
  let folder: string;
  let store: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-left-out-'));
    store = storeBelow(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** As earlier versions stored it: nothing says how short clips are padded. */
  const stored = async (isNaN: boolean): Promise<string> =>
    await storeWaveformModel(
      store,
      {
        ...{ format: 'onnx', output: 'probabilities', parameters: 3 },
        vocabulary: classes.map((name) => ({ mid: '', name })),
      },
      new Map([['model.onnx', onnxBytes([0.5, 0.9, 0.1], { shortest: 14_400, isNaN })]]),
    );

  it.each([
    [false, 'gives 0 for every class'],
    [true, 'gives values that are no numbers'],
  ])('is left out of the shard, counted and named (NaN: %s)', async (isNaN, why) => {
    const samples = [16_000, 12_000, 15_200];
    const { planKey, audio } = await prepareWaves(folder, store, {
      classes,
      clipSeconds: 1,
      samplesOf: (clip) => samples[clip]!,
    });
    const context = jobContextOn(store);
    const ensemble = [{ name: 'net', weight: 1, parameters: 3, sha256: await stored(isNaN) }];
    const shard = await predictAndWrite(context, {
      ...{ store: '', planKey, shard: 0, ensemble, settings },
    });
    expect(shard).toMatchObject({
      rows: 4,
      leftOut: { chunks: 1, examples: [`train-1 chunk 0: net ${why}`] },
    });
    const { logitsKey } = shard;
    const manifest = await readRecord(
      store,
      layout.logitsManifest(logitsKey, audio.audioShards[0]!),
      logitsRecord,
    );
    expect(manifest).toMatchObject({
      rowsPlanned: 6,
      rowsWritten: 4,
      leftOut: {
        ...{ chunks: 1, rows: 2 },
        named: [{ clip: 'train-1', chunk: 0, teacher: 'net', why }],
      },
    });
    const [table] = await storedTables(store, logitsKey, audio.audioShards);
    expect([[...table!.clip], [...table!.view]]).toEqual([
      [0, 0, 2, 2],
      [0, 1, 0, 1],
    ]);
    expect([...table!.values].filter((half) => half === 0)).toEqual([]);

    const student = studentSchema.parse({ name: 's', model: 'tiny', topK: 3 });
    const input = trainingInput({
      ...{ planKey, settings: student, augment: settings.augment },
      targets: partialTargets(logitsKey),
    });
    const all = await CorpusAudio.open(store, planKey, 'train');
    const prepared = await prepareTargets(context, input, all);
    expect(prepared.rows.map(({ clip }) => clip.clip)).toEqual(['train-0', 'train-2']);
    prepared.close();
    await all.close();
    await audio.close();
  });

  /** Of the three clips of validation. @param samples of each */
  const scoring = async (samples: readonly number[], isNaN = false) => {
    const { planKey, audio } = await prepareWaves(folder, store, {
      ...{ classes, clipSeconds: 1, samplesOf: (clip: number) => samples[clip]! },
    });
    await audio.close();
    const context = jobContextOn(store);
    const model = { name: 'net', parameters: 3, sha256: await stored(isNaN) };
    const input = { store: '', planKey, split: 'validation' as const, model };
    const score = () => scoreJob(context, { ...input, chunkSeconds: 1, precision: 'float32' });
    return { score, planKey, model, corpus: await CorpusAudio.open(store, planKey, 'validation') };
  };

  it.each([
    [false, 'gives 0 for every class'],
    [true, 'gives values that are no numbers'],
  ])('is in no score of its clip, is counted and named (NaN: %s)', async (isNaN, why) => {
    // The second clip has a whole chunk, and 0.75 s of which the network says nothing.
    const { score, planKey, model, corpus } = await scoring([16_000, 28_000, 12_000], isNaN);
    const scored = await score();
    expect(scored.leftOut).toEqual({
      chunks: 2,
      examples: [`validation-1 chunk 1: net ${why}`, `validation-2 chunk 0: net ${why}`],
    });
    expect(await score()).toEqual({ ...scored, reused: true });
    const { values, unscored } = (await readScores(store, model.sha256, corpus.contentSha256))!;
    expect(unscored).toEqual([2]);
    const whole = await jobContextOn(store).teacher(model.sha256, 'float32', corpus.vocabulary);
    const pcm = await corpus.readLater(corpus.clips[1]!, corpus.clips[1]!.chunks[0]!);
    const alone = await whole.predict({ pcm, batch: 1, samples: 16_000, masks: null });
    for (const [c, value] of alone.values.entries()) expect(values[3 + c]).toBeCloseTo(value, 6);
    expect([...values.subarray(6)]).toEqual([0, 0, 0]);
    const two = scoredClips(corpus, unscored);
    expect(two.clips.map(({ clip }) => clip)).toEqual(['validation-0', 'validation-1']);
    expect(scored.mAP).toBe(splitMAP(values.subarray(0, 6), two));
    const ensemble = [{ ...model, weight: 1 }];
    const mean = ensembleMean(ensemble, [{ values, missing: [], unscored }], corpus);
    expect(mean.unscored).toEqual([2]);
    const evaluated = await evaluateRun(store, planKey, 'validation', {
      ...{ ensemble, students: [model] },
    });
    expect(evaluated).toMatchObject({
      teachers: [{ mAP: scored.mAP }],
      ensemble: { mAP: scored.mAP },
      students: [{ mAP: scored.mAP, agreement: { divergence: 0, topMatch: 1 } }],
    });
    expect(evaluated!.students[0]!.worst.map(({ clip }) => clip)).not.toContain('validation-2');
    await corpus.close();
  });

  it('is a fault of the scored teacher where it says nothing of any', async () => {
    const { score, corpus } = await scoring([12_000, 12_000, 12_000]);
    await expect(score()).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: 'net: it says nothing of any clip: of validation-0 it gives 0 for every class',
    });
    await corpus.close();
  });

  it('is a fault of the teacher where it says nothing of any', async () => {
    const { planKey, audio } = await prepareWaves(folder, store, {
      ...{ classes, clipSeconds: 1, samplesOf: () => 12_000 },
    });
    const ensemble = [{ name: 'net', weight: 1, parameters: 3, sha256: await stored(false) }];
    await expect(
      predictAndWrite(jobContextOn(store), { store: '', planKey, shard: 0, ensemble, settings }),
    ).rejects.toMatchObject({ code: 'TeacherInvalid' });
    await audio.close();
  });
});
