/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareTargets } from '../../jobs/train/prepared-targets';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { readRecord } from '../../storage/record';
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
