import { inspect } from 'node:util';
import { z } from 'zod';
import { acceptRun } from '../../workflows/accept-run';
import {
  distillRunSchema,
  retrainRunSchema,
  teachRunSchema,
} from '../../workflows/contract/run-file';
import { parseRun } from '../../workflows/contract/parse-run';

const run = {
  name: 'instruments',
  store: 'runs/instruments',
  corpus: { train: 'train.jsonl', vocabulary: 'labels.csv' },
  teachers: [{ name: 'a', checkpoint: 'teachers/a', format: 'ced' }],
  students: [{ name: 'mini', model: 'mini' }],
};

const problemsOf = (input: unknown): string[] => {
  const parsed = parseRun(distillRunSchema, input);
  return 'problems' in parsed ? parsed.problems : [];
};

const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('the run file', () => {
  it('names the activity that leaves training clips out, on any task queue', () => {
    const selecting = (selection: object): string[] => problemsOf({ ...run, selection });
    expect(selecting({ activity: 'leaveOut', taskQueue: 'mine' })).toEqual([]);
    expect(selecting({ activity: '', taskQueue: 'mine' })).toEqual([
      'selection.activity: expected the name of an activity',
    ]);
    expect(selecting({ activity: 'leaveOut' })).toEqual([expect.stringMatching(/taskQueue: /)]);
  });

  it("fills in the paper's settings where it is silent", () => {
    const parsed = parseRun(distillRunSchema, run);
    expect(parsed).toMatchObject({
      run: {
        logits: {
          views: 10,
          topK: 20,
          chunkSeconds: 10,
          augment: {
            shift: { maxFraction: 0.5, probability: 0.5 },
            timeMask: { maxFrames: 192 },
            freqMask: { maxBins: 24 },
          },
        },
        students: [
          {
            epochs: 300,
            learningRate: 1e-3,
            finalLearningRateFraction: 0.1,
            averageBest: 4,
            unseenFill: 'zero',
            consistent: true,
          },
        ],
      },
    });
  });

  it('refuses unknown fields, naming the path to each', () => {
    expect(problemsOf({ ...run, colour: 'blue', corpus: { ...run.corpus, shard: 1 } })).toEqual(
      expect.arrayContaining([
        'colour: unknown field, remove it or check its spelling',
        'corpus.shard: unknown field, remove it or check its spelling',
      ]),
    );
  });

  it('lists every problem at once, not the first one', () => {
    const problems = problemsOf({
      ...run,
      name: 'Not A Name',
      teachers: [],
      students: [{ name: 'mini', model: 'huge' }],
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['name', 'teachers', 'students[0].model']),
    );
  });

  it.each([
    [
      'more views than are stored',
      { views: 11 },
      /^students\[0\]\.views: expected at most logits\.views = 10$/,
    ],
    [
      'more probabilities than are stored',
      { topK: 21 },
      /^students\[0\]\.topK: expected at most logits\.topK = 20$/,
    ],
    [
      'heads that do not divide the width',
      { model: { embedDim: 100, depth: 2, heads: 3 } },
      /^students\[0\]\.model\.heads: expected a divisor of embedDim = 100$/,
    ],
  ])('refuses %s', (_what, fields, problem) => {
    expect(problemsOf({ ...run, students: [{ name: 'mini', model: 'mini', ...fields }] })).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  it('refuses masks for a teacher with its own front end, unless told to skip them', () => {
    const teacher = {
      name: 'b',
      checkpoint: 'b.onnx',
      format: 'onnx',
      output: 'probabilities',
      vocabulary: 'b.csv',
    };
    expect(problemsOf({ ...run, teachers: [...run.teachers, teacher] })).toEqual([
      expect.stringMatching(
        /^teachers\[1\]\.spectrogramMasks: masks cannot reach a teacher of format onnx; expected 'skip'/,
      ),
    ]);
    expect(problemsOf({ ...run, teachers: [{ ...teacher, spectrogramMasks: 'skip' }] })).toEqual(
      [],
    );
    const unmasked = { augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } } };
    expect(problemsOf({ ...run, teachers: [teacher], logits: unmasked })).toEqual([]);
    const { vocabulary: _vocabulary, output: _output, ...incomplete } = teacher;
    expect(
      problemsOf({ ...run, teachers: [{ ...incomplete, format: 'savedmodel' }] }).map(
        (problem) => problem.split(':')[0],
      ),
    ).toEqual(['teachers[0].output', 'teachers[0].vocabulary']);
    expect(problemsOf({ ...run, teachers: [{ ...incomplete, spectrogramMasks: 'skip' }] })).toEqual(
      [
        "teachers[0].output: expected 'probabilities' or 'logits'",
        'teachers[0].vocabulary: missing: name the file that lists its classes in the order ' +
          'of its outputs, in the columns index,mid,display_name, for example ' +
          '"vocabulary": "models/labels.csv"',
      ],
    );
  });

  it('says of a field that is missing, or of another type, what is expected', () => {
    const { store: _store, ...without } = run;
    expect(problemsOf({ ...without, seed: 'one', corpus: { vocabulary: 3 } })).toEqual(
      expect.arrayContaining([
        'store: missing, expected a path or URI',
        'corpus.train: missing, expected a path or URI',
        'corpus.vocabulary: expected string, not number',
      ]),
    );
  });

  it.each([['x'.repeat(100_000)], [null], [undefined]])(
    'names the formats of teachers when one has another (%.10s)',
    (format) => {
      const [teacher] = run.teachers;
      expect(problemsOf({ ...run, teachers: [{ ...teacher, format }] })).toEqual([
        "teachers[0].format: expected 'ced' or 'onnx' or 'savedmodel' or 'worker'",
      ]);
    },
  );

  it('takes published logits instead of an ensemble', () => {
    const { teachers: _teachers, ...rest } = run;
    expect(parseRun(distillRunSchema, { ...rest, logits: { published: 'logits' } })).toMatchObject({
      run: { teachers: [], logits: { published: 'logits', chunkSeconds: 10 } },
    });
    expect(problemsOf({ ...rest, teachers: [] })).toEqual([
      'teachers: expected at least one teacher, or logits.published',
    ]);
    expect(problemsOf(rest)).toEqual([
      'teachers: expected at least one teacher, or logits.published',
    ]);
  });

  it.each([
    [
      { published: 'logits', views: 3 },
      'logits.views: unknown field, remove it or check its spelling',
    ],
    [{ views: 3, viewz: 1 }, 'logits.viewz: unknown field, remove it or check its spelling'],
    [{ views: 'ten' }, expect.stringMatching(/^logits\.views: /)],
    [{ published: 5 }, expect.stringMatching(/^logits\.published: /)],
  ])('says what is wrong in logits %j, not in what they are not', (logits, problem) => {
    expect(problemsOf({ ...run, logits })).toEqual([problem]);
  });

  it('fits weights only to a validation split, and never those of published logits', () => {
    expect(problemsOf({ ...run, ensemble: 'equal' })).toEqual([]);
    expect(problemsOf({ ...run, ensemble: 'greedy' })).toEqual([
      'corpus.validation: expected a labelled table: ensemble greedy fits weights to it',
    ]);
    const corpus = { ...run.corpus, validation: 'validation.jsonl' };
    expect(problemsOf({ ...run, corpus, ensemble: 'weighted' })).toEqual([]);
    const logits = { published: 'logits' };
    expect(problemsOf({ ...run, corpus, ensemble: 'weighted', logits })).toEqual([
      "ensemble: expected 'equal': published logits have their weights",
    ]);
  });

  it('needs eval clips to compare with a champion, and a named one to start from', () => {
    const promote = { champion: 'champion' };
    expect(problemsOf({ ...run, promote })).toEqual([
      'corpus.eval: expected a labelled table: promote compares models on it',
    ]);
    const students = [{ name: 'mini', model: 'mini', init: 'champion' }];
    expect(problemsOf({ ...run, students })).toEqual([
      'students[0].init: expected promote, which says where the champion is',
    ]);
    const corpus = { ...run.corpus, eval: 'eval.jsonl' };
    expect(parseRun(distillRunSchema, { ...run, corpus, students, promote })).toMatchObject({
      run: { promote: { minGain: 0 } },
    });
  });

  it('freezes no random weights, and no more blocks than there are', () => {
    const of = (settings: object) => problemsOf({ ...run, students: [{ name: 'a', ...settings }] });
    expect(of({ model: 'mini', train: 'head' })).toEqual([
      "students[0].train: expected 'all', or init: random weights are not frozen",
    ]);
    const init = { model: 'mini', init: 'checkpoint' };
    expect(of({ ...init, train: { lastBlocks: 13 } })).toEqual([
      "students[0].train.lastBlocks: expected at most the model's 12 blocks",
    ]);
    for (const train of ['all', 'head', { lastBlocks: 12 }])
      expect(of({ ...init, train, headLearningRateFactor: 10, layerDecay: 0.75 })).toEqual([]);
    expect(of({ ...init, layerDecay: 1.5 })).toHaveLength(1);
  });

  it('of retrain is one of distill with a champion to beat', () => {
    expect(parseRun(retrainRunSchema, run)).toEqual({
      problems: ['promote: expected the champion to beat, { "champion": … }'],
    });
    expect(parseRun(retrainRunSchema, { ...run, epochs: 1 })).toMatchObject({
      problems: expect.arrayContaining([
        'epochs: unknown field, remove it or check its spelling',
      ]) as string[],
    });
  });

  it.each([
    ['user and password', 'https://reader:SECRET@example.org/x'],
    ["Google's signature", 'https://storage.googleapis.com/b/x?X-Goog-Signature=SECRET'],
    ["Amazon's signature", 'https://b.s3.amazonaws.com/x?part=1&X-Amz-Signature=SECRET'],
    ['a token', 'https://example.org/x?token=SECRET'],
    ["Azure's signature", 'https://a.blob.core.windows.net/x?sv=1&sig=SECRET'],
  ])(
    'refuses an address that carries %s in every field that takes one, without repeating it',
    (_what, address) => {
      const onnx = {
        name: 'b',
        checkpoint: address,
        format: 'onnx',
        output: 'probabilities',
        vocabulary: address,
        spectrogramMasks: 'skip',
      };
      const planted = {
        ...run,
        store: address,
        corpus: { train: address, validation: address, eval: address, vocabulary: address },
        teachers: [{ ...run.teachers[0], checkpoint: address }, onnx],
        logits: { published: address },
        students: [{ ...run.students[0], init: address }],
        promote: { champion: address },
      };
      const problems = problemsOf(planted);
      const fields = [
        'corpus.eval',
        'corpus.train',
        'corpus.validation',
        'corpus.vocabulary',
        'logits.published',
        'promote.champion',
      ];
      const models = [
        'students[0].init',
        'teachers[0].checkpoint',
        'teachers[1].checkpoint',
        'teachers[1].vocabulary',
      ];
      expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
        ...fields,
        'store',
        ...models,
      ]);
      for (const problem of problems)
        expect(problem).toMatch(
          /: its address carries a credential, .*; use application-default credentials/,
        );
      expect(problems.join()).not.toContain('SECRET');
    },
  );

  it.each([
    ['distill', distillRunSchema, run],
    [
      'retrain',
      retrainRunSchema,
      { ...run, corpus: { ...run.corpus, eval: 'eval.jsonl' }, promote: { champion: 'champion' } },
    ],
    [
      'teach',
      teachRunSchema,
      { name: 'r', store: 's', corpus: run.corpus, teachers: [{ name: 'a', model: 'tiny' }] },
    ],
  ])(
    'with a credential ends %s as RunFileInvalid, the secret in no part of the failure',
    (_type, schema, input) => {
      expect(() => acceptRun(schema, input)).not.toThrow();
      const failure = refusal(() =>
        acceptRun(schema, {
          ...input,
          corpus: { ...input.corpus, train: 'https://reader:SECRET@example.org/x' },
        }),
      );
      expect(failure).toMatchObject({
        type: 'RunFileInvalid',
        nonRetryable: true,
        message: expect.stringContaining(
          'corpus.train: its address carries a credential',
        ) as string,
      });
      expect(inspect(failure, { depth: 20 })).not.toContain('SECRET');
    },
  );

  it.each([
    ['distill', distillRunSchema],
    ['teach', teachRunSchema],
  ])('of %s has a limit for every number, text and list in it', (_type, schema) => {
    interface Node {
      type?: string;
      maximum?: number;
      maxLength?: number;
      maxItems?: number;
      pattern?: string;
      const?: unknown;
      enum?: unknown[];
      properties?: Record<string, Node>;
      items?: Node;
      anyOf?: Node[];
      oneOf?: Node[];
    }
    const unlimited = (node: Node, path: string): string[] => {
      const isNumber = node.type === 'integer' || node.type === 'number';
      // The schema language's own limit of whole numbers is none of ours.
      const isUnlimited =
        isNumber && (node.maximum === undefined || node.maximum === Number.MAX_SAFE_INTEGER);
      const isFixed = node.const !== undefined || node.enum !== undefined;
      const isLongText = node.maxLength === undefined && node.pattern === undefined;
      const own =
        isUnlimited ||
        (node.type === 'string' && !isFixed && isLongText) ||
        (node.type === 'array' && node.maxItems === undefined);
      const inside = [
        ...Object.entries(node.properties ?? {}).map(([key, child]) => [key, child] as const),
        ...[node.items ?? [], ...(node.anyOf ?? []), ...(node.oneOf ?? [])]
          .flat()
          .map((child) => ['', child] as const),
      ];
      return [
        ...(own ? [path] : []),
        ...inside.flatMap(([key, child]) => unlimited(child, key ? `${path}.${key}` : path)),
      ];
    };
    expect(unlimited(z.toJSONSchema(schema, { io: 'input' }) as Node, '')).toEqual([]);
  });

  const shape = { embedDim: 64, depth: 2, heads: 2 };
  const students = (change: object): object => ({
    ...run,
    students: [{ ...run.students[0], ...change }],
  });
  it.each<[string, object, RegExp]>([
    [
      '3,000 students',
      {
        ...run,
        students: Array.from({ length: 3000 }, (_, index) => ({
          name: `s${index}`,
          model: 'tiny',
        })),
      },
      /^students: /,
    ],
    [
      '100 teachers',
      {
        ...run,
        teachers: Array.from({ length: 100 }, (_, index) => ({
          ...run.teachers[0],
          name: `t${index}`,
        })),
      },
      /^teachers: /,
    ],
    [
      'a billion blocks',
      students({ model: { ...shape, depth: 1e9 } }),
      /^students\[0\]\.model\.depth: /,
    ],
    ['a width of 2^40', students({ model: { ...shape, embedDim: 2 ** 40 } }), /model\.embedDim: /],
    ['a vast MLP', students({ model: { ...shape, mlpRatio: 1e9 } }), /model\.mlpRatio: /],
    [
      'an MLP of no whole width',
      students({ model: { ...shape, mlpRatio: 1.01 } }),
      /model\.mlpRatio: times/,
    ],
    [
      '25 billion parameters',
      students({ model: { embedDim: 4096, depth: 128, heads: 64 } }),
      /model: has 25769803776 parameters/,
    ],
    ['10^16 epochs', students({ epochs: 1e16 }), /epochs: /],
    ['a path of a megabyte', { ...run, store: 'a'.repeat(1e6) }, /^store: expected at most 4096/],
    ['a checkpoint a year', students({ checkpointSeconds: 3e7 }), /checkpointSeconds: /],
    ['more warm-up than there are steps', students({ warmupSteps: 1e12 }), /warmupSteps: /],
  ])('refuses %s, before any work', (_, input, problem) => {
    expect(problemsOf(input)).toContainEqual(expect.stringMatching(problem));
  });

  it('takes a teacher in a worker by its task queue, and none of our own queues', () => {
    const worker = { name: 'beats', format: 'worker', taskQueue: 'teacher-beats' };
    expect(problemsOf({ ...run, teachers: [worker] })).toEqual([]);
    for (const taskQueue of ['ced', 'ced-gpu', '', 'two words'])
      expect(problemsOf({ ...run, teachers: [{ ...worker, taskQueue }] })).toEqual([
        expect.stringMatching(/^teachers\[0\]\.taskQueue: expected /),
      ]);
    const ofWorker = { ...run.corpus, vocabulary: 'teacher:beats' };
    expect(problemsOf({ ...run, corpus: ofWorker, teachers: [worker] })).toEqual([]);
    expect(problemsOf({ ...run, teachers: [{ ...worker, checkpoint: 'a' }] })).toEqual([
      expect.stringMatching(/^teachers\[0\]\.checkpoint: unknown field/),
    ]);
  });

  it('gains no field by default that earlier keys of evaluations did not have', () => {
    const parsed = parseRun(distillRunSchema, run);
    expect(parsed).not.toHaveProperty('run.logits.keepOutputs');
  });

  it('refuses two students of one name', () => {
    expect(problemsOf({ ...run, students: [run.students[0], run.students[0]] })).toEqual([
      expect.stringMatching(/^students\[1\]\.name: /),
    ]);
  });

  it('is refused whole when it is not an object', () => {
    expect(problemsOf('run.json')).toHaveLength(1);
  });

  it('of teach takes the same training fields without a source of targets', () => {
    const { teachers: _teachers, students: _students, ...rest } = run;
    expect(
      parseRun(teachRunSchema, { ...rest, teachers: [{ name: 'a', model: 'tiny', epochs: 3 }] }),
    ).toMatchObject({
      run: { chunkSeconds: 10, teachers: [{ epochs: 3 }] },
    });
    expect(
      parseRun(teachRunSchema, { ...rest, teachers: [{ name: 'a', model: 'tiny', topK: 3 }] }),
    ).toHaveProperty('problems');
  });
});
