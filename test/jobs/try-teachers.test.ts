/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryTeachersJob } from '../../jobs/try/try-teachers';
import { storeWaveformModel } from '../../storage/models/waveform-folder';
import { frameModelBytes, savedModelBytes } from '../ced/teachers/saved-model-bytes';
import { jobContextOn, storeBelow } from '../support/in-process';

/** TensorFlow runs it, before anything of a run is decoded. */
describe('a SavedModel that is tried', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-try-'));
  const store = storeBelow(folder);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const trying = async (
    bytes: Buffer,
    { classes = 3, isRateKnown = true, chunkSeconds = 1, declared = {} } = {},
  ): Promise<string[]> => {
    const vocabulary = Array.from({ length: classes }, (_, index) => ({
      mid: '',
      name: `${index}`,
    }));
    const sha256 = await storeWaveformModel(
      store,
      { format: 'savedmodel', output: 'logits', parameters: 3, vocabulary, ...declared },
      new Map([['saved_model.pb', bytes]]),
    );
    const teacher = { name: 'net', sha256, parameters: 3, field: 'teachers[1]', isRateKnown };
    const input = { store: '', teachers: [teacher], chunkSeconds };
    return (await tryTeachersJob(jobContextOn(store), input)).notes;
  };

  it('has nothing to be told of where it simply takes clips and gives classes', async () => {
    expect(await trying(savedModelBytes([1, -2, 3]))).toEqual([]);
  });

  it('is told of with the frames that it gives', async () => {
    // 16,000 samples in frames of 4,000.
    expect(await trying(frameModelBytes([1, -2, 3], 4000))).toContainEqual(
      'teachers[1]: its output scores has 4 frames a chunk: their mean is taken',
    );
  });

  it('is refused where it cannot take clips as long as a chunk, alone and in threes', async () => {
    await expect(trying(frameModelBytes([1, -2, 3], 7000))).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^teachers\[1\]\.checkpoint: it cannot predict 1 clip of 16000 samples: /,
      ) as unknown,
    });
    const one = savedModelBytes([1, -2, 3], { input: [1, -1] });
    expect(await trying(one)).toContainEqual(
      'teachers[1]: it takes one clip at a time, and is run so',
    );
  });

  it('is refused where its vocabulary has other classes than it gives', async () => {
    await expect(trying(savedModelBytes([1, -2, 3]), { classes: 4 })).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message:
        'teachers[1].checkpoint: it returned [1, 3] for 1 clip, its vocabulary has 4 classes',
    });
  });

  it('is told of with the shortest clip that it says something of, to be declared', async () => {
    expect(await trying(frameModelBytes([1, -2, 3], 4000))).toContainEqual(
      'teachers[1]: it says nothing of clips shorter than 1 s: say "windowSeconds": 1 to have ' +
        'them padded',
    );
    const windows = { declared: { windowSeconds: 0.25 } };
    expect(await trying(frameModelBytes([1, -2, 3], 4000), windows)).toEqual([
      'teachers[1]: it takes one clip at a time, and is run so',
      'teachers[1]: it gets 4 windows of 4000 samples a chunk: their mean is taken',
    ]);
  });

  it('is warned about where nothing says its sample rate, with what it makes of two', async () => {
    const warning =
      /^teachers\[1\]: nothing says at which sample rate .*: declare sampleRate; of made sounds it gives its most probable class (0\.\d\d) on average if they are played at 16000 Hz, and (0\.\d\d) at 32000 Hz, which is a hint and no proof$/;
    const notes = await trying(savedModelBytes([1, -2, 3]), { isRateKnown: false });
    expect(notes).toEqual([expect.stringMatching(warning)]);
    // A length that is usual at another rate names it.
    const fixed = savedModelBytes([1, -2, 3], { input: [-1, 144_000] });
    expect(await trying(fixed, { isRateKnown: false, chunkSeconds: 9 })).toContainEqual(
      expect.stringMatching(/ at 48000 Hz, which is a hint and no proof$/),
    );
  });
});
