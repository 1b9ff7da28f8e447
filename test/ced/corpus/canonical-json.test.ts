import { canonicalJson, logitsKey, type LogitsDescription } from '../../../ced/canonical-json';

const teacher = {
  weightsSha256: 'a'.repeat(64),
  weight: 1,
  output: 'logits',
  classMap: [0, 1],
  frontEnd: 'log-mel/1',
} as const;
const description: LogitsDescription = {
  teachers: [teacher, { ...teacher, weightsSha256: 'b'.repeat(64), weight: 2 }],
  precision: 'float32',
  chunkSeconds: 10,
  views: 10,
  topK: 20,
  seed: 42,
  augment: {
    shift: { maxFraction: 0.5, probability: 0.5 },
    timeMask: { maxFrames: 192 },
    freqMask: { maxBins: 24 },
  },
};

const golden = 'd446448e0db260792d2497b66edaf3a1e0f4aebc4ce911d8497c3c19cda7806a';

describe('the key of stored logits', () => {
  it('is the same today and tomorrow, in whatever order the fields were written', () => {
    expect(logitsKey(description)).toBe(golden);
    expect(
      logitsKey(
        Object.fromEntries(Object.entries(description).reverse()) as unknown as LogitsDescription,
      ),
    ).toBe(golden);
  });

  it('contains the key of a teacher that is a worker', () => {
    const [first, ...others] = description.teachers;
    const workers = ['1'.repeat(64), '2'.repeat(64)].map((teacherKey) =>
      logitsKey({ ...description, teachers: [{ ...first!, teacherKey }, ...others] }),
    );
    expect(new Set([golden, ...workers]).size).toBe(3);
  });

  it('does not change with the scale of weights, the kind of array or unused fields', () => {
    const wider = {
      ...description,
      teachers: description.teachers.map((entry) => ({
        ...entry,
        weight: entry.weight * 4,
        classMap: Int32Array.from(entry.classMap),
        name: 'x',
      })),
      engine: 'other',
      audio: 'other',
    };
    expect(logitsKey(wider)).toBe(logitsKey(description));
  });

  it.each<[string, Partial<LogitsDescription>]>([
    ['weights', { teachers: [teacher, { ...teacher, weightsSha256: 'c'.repeat(64), weight: 2 }] }],
    [
      'ensemble weights',
      { teachers: [teacher, { ...teacher, weightsSha256: 'b'.repeat(64), weight: 1 }] },
    ],
    ['order of the teachers', { teachers: [...description.teachers].reverse() }],
    [
      'output',
      { teachers: description.teachers.map((entry) => ({ ...entry, output: 'probabilities' })) },
    ],
    [
      'class map',
      { teachers: description.teachers.map((entry) => ({ ...entry, classMap: [1, 0] })) },
    ],
    [
      'front end',
      {
        teachers: description.teachers.map((entry) => ({
          ...entry,
          frontEnd: 'waveform, masks skipped',
        })),
      },
    ],
    ['precision', { precision: 'bfloat16' }],
    ['chunk length', { chunkSeconds: 5 }],
    ['views', { views: 11 }],
    ['K', { topK: 21 }],
    ['seed', { seed: 43 }],
    ['augmentation', { augment: { ...description.augment, freqMask: { maxBins: 23 } } }],
  ])('changes with the %s', (_, change) => {
    expect(logitsKey({ ...description, ...change })).not.toBe(logitsKey(description));
  });

  it('is made from one text for one value', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { d: true, c: 1e21 } })).toBe(
      '{"a":{"c":1e+21,"d":true},"b":[1,"x",null]}',
    );
    for (const wrong of [NaN, undefined, { a: undefined }, 1n])
      expect(() => canonicalJson(wrong)).toThrow(TypeError);
  });
});
