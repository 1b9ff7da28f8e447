import { trainingKey, type TrainingContent } from '../../jobs/train/training-key';
import { teachRunSchema } from '../../workflows/contract/run-file';
import type { TrainInput } from '../../workflows/contract/activities';

function keyOf(settings: object): string {
  const run = teachRunSchema.parse({
    name: 'r',
    store: 's',
    corpus: { train: 't', vocabulary: 'v' },
    teachers: [{ name: 'a', model: 'tiny', ...settings }],
  });
  const input = {
    settings: run.teachers[0],
    targets: { kind: 'labels' },
    augment: run.augment,
    init: null,
    chunkSeconds: 10,
    ensemble: [],
  } as unknown as TrainInput;
  const content = {
    config: { embed_dim: 192 },
    trainContentSha256: 't',
    validationContentSha256: null,
    logitShards: null,
  } as unknown as TrainingContent;
  return trainingKey(input, content);
}

describe('the key of a training', () => {
  // Computed by the version before `parts` had its name.
  const whole = 'eb62b969add8355844e0de73203a42cb149a73edbad6aed0be4885b9b1f48993';
  const halves = 'e60879b9ac48209ace3baa4b0214459a9d92dfdda3f17c2be1614f07756c4ca6';

  it('is that of earlier versions, by either name of the parts of a batch', () => {
    for (const settings of [{}, { parts: 1 }, { gradientAccumulation: 1 }])
      expect(keyOf(settings)).toBe(whole);
    for (const settings of [
      { parts: 2 },
      { gradientAccumulation: 2 },
      { parts: 2, gradientAccumulation: 3 },
    ])
      expect(keyOf(settings)).toBe(halves);
  });

  it('is the same for every number of workers', () => {
    expect(keyOf({ parts: 2, workers: { max: 2 } })).toBe(halves);
  });

  it('is that of earlier versions where everything is trained at one rate', () => {
    for (const settings of [{ train: 'all' }, { headLearningRateFactor: 1, layerDecay: 1 }])
      expect(keyOf(settings)).toBe(whole);
  });

  it('is that of earlier versions where no moving average is kept', () => {
    for (const settings of [{ averaging: 'best' }, { averaging: 'best', emaDecay: 0.9 }])
      expect(keyOf(settings)).toBe(whole);
  });

  it('differs by the moving average and by its decay', () => {
    const ema = keyOf({ averaging: 'ema' });
    expect(ema).not.toBe(whole);
    expect(keyOf({ averaging: 'ema', emaDecay: 0.999 })).toBe(ema);
    expect(keyOf({ averaging: 'ema', emaDecay: 0.99 })).not.toBe(ema);
  });

  it.each([{ layerDecay: 0.75 }, { headLearningRateFactor: 10 }, { earlyStopSteps: 500 }])(
    'differs by %j',
    (settings) => {
      expect(keyOf(settings)).not.toBe(whole);
    },
  );

  it('differs by what is trained', () => {
    const keys = ['all', 'head', { lastBlocks: 1 }, { lastBlocks: 2 }].map((train) =>
      keyOf({ train, init: 'checkpoint' }),
    );
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(keyOf({ init: 'checkpoint' }));
  });

  it('differs by the number of parts, which changes the bits', () => {
    expect(keyOf({ parts: 4 })).not.toBe(halves);
  });
});
