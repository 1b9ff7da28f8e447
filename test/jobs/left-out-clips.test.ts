/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareTargets, type PreparedTargets } from '../../jobs/train/prepared-targets';
import { trainingKey, type TrainingContent } from '../../jobs/train/training-key';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { logitsSchema, studentSchema } from '../../workflows/contract/run-file-sections';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { jobContextOn, predictAndWrite, storeBelow } from '../support/in-process';
import { storedTargets, trainingInput } from '../support/training-input';
import { prepareWaves } from '../support/wave-corpus';

const classes = ['a', 'b', 'c'];
const settings = logitsSchema.parse({ views: 2, topK: 3, chunkSeconds: 1, seed: 7 });

describe('training clips that an activity of the user leaves out', () => {
  let folder: string;
  let store: FolderStore;
  let audio: CorpusAudio;
  let planKey: string;
  let logitsKey: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-selection-'));
    store = storeBelow(folder);
    ({ planKey, audio } = await prepareWaves(folder, store, { classes, clipSeconds: 1 }));
    const vocabulary = classes.map((name) => ({ mid: '', name }));
    const sha256 = await storeWaveformModel(
      store,
      { format: 'onnx', output: 'probabilities', parameters: 3, vocabulary },
      new Map([['model.onnx', onnxBytes([0.5, 0.9, 0.1])]]),
    );
    const ensemble = [{ name: 'net', weight: 1, parameters: 3, sha256 }];
    const input = { store: '', planKey, shard: 0, ensemble, settings };
    ({ logitsKey } = await predictAndWrite(jobContextOn(store), input));
  });
  afterAll(async () => {
    await audio.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const inputWithout = (...leaveOut: string[]) =>
    trainingInput({
      ...{ planKey, augment: settings.augment, leaveOut, targets: storedTargets(logitsKey) },
      settings: studentSchema.parse({ name: 's', model: 'tiny', topK: 3 }),
    });
  const prepared = async (...leaveOut: string[]): Promise<PreparedTargets> =>
    await prepareTargets(jobContextOn(store), inputWithout(...leaveOut), audio);

  it('take the targets of no other clip with them', async () => {
    const [all, kept] = [await prepared(), await prepared('train-1')];
    expect(all.rows.map(({ clip }) => clip.clip)).toEqual(['train-0', 'train-1', 'train-2']);
    expect(kept.rows).toEqual([all.rows[0], all.rows[2]]);
    expect(kept.logitShards).toEqual(all.logitShards);
    for (const [index, row] of kept.rows.entries()) {
      const before = all.rows.findIndex(({ clip }) => clip.clip === row.clip.clip);
      for (const epoch of [0, 1]) {
        expect(kept.targets.augmentation(row, index, epoch)).toEqual(
          all.targets.augmentation(all.rows[before]!, before, epoch),
        );
        const [own, others] = [new Float32Array(3), new Float32Array(3)];
        kept.targets.writeTargets(row, index, epoch, own, 0);
        all.targets.writeTargets(all.rows[before]!, before, epoch, others, 0);
        expect(own).toEqual(others);
        expect(Math.max(...own)).toBeGreaterThan(0);
      }
    }
    all.close();
    kept.close();
  });

  it('must be training clips, and not all of them', async () => {
    await expect(prepared('train-1', 'validation-0')).rejects.toMatchObject({
      code: 'SelectionInvalid',
      message: 'selection: 1 name is of no clip with logits, the first: validation-0',
    });
    await expect(prepared('train-0', 'train-1', 'train-2')).rejects.toMatchObject({
      code: 'SelectionInvalid',
      message: 'selection: every training clip is left out',
    });
  });

  it('are in the key of the training, in whatever order; none of them are not', () => {
    const content = { logitShards: [], validationContentSha256: null } as unknown;
    const keyWithout = (...leaveOut: string[]): string =>
      trainingKey(inputWithout(...leaveOut), content as TrainingContent);
    const { leaveOut: _leaveOut, ...absent } = inputWithout();
    expect(keyWithout()).toBe(trainingKey(absent, content as TrainingContent));
    expect(keyWithout('a', 'b')).toBe(keyWithout('b', 'a'));
    expect(new Set([keyWithout(), keyWithout('a'), keyWithout('a', 'b')]).size).toBe(3);
  });
});
