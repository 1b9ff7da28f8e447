import {
  ensembleProblems,
  maskHints,
  mostWorkers,
  promotionNotes,
  renamedNotes,
  warmupNotes,
  workerNotes,
} from '../../workflows/contract/run-notes';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { trainerOptions } from '../../ced/training/trainer-options';
import { singleClipNote } from '../../ced/corpus/single-clips';

const run = (promote?: object): DistillRun =>
  distillRunSchema.parse({
    name: 'early',
    store: 'store',
    corpus: { train: 't.jsonl', eval: 'e.jsonl', vocabulary: 'v.csv' },
    teachers: [{ name: 'a', checkpoint: 'a', format: 'ced' }],
    students: [{ name: 's', model: 'tiny', epochs: 10, batchSize: 4, warmupSteps: 25 }],
    ...(promote ? { promote } : {}),
  });

describe('a run that promotes', () => {
  it('is told as soon as its eval is seen to have no labels', () => {
    expect(promotionNotes(run({ champion: 'c' }), 0)).toEqual([
      'corpus.eval: e.jsonl has no labels, so promote can compare no models: ' +
        'no student will be promoted',
    ]);
  });

  it('is told nothing with labels, or where a history of an earlier version does not say', () => {
    for (const labelled of [3, undefined])
      expect(promotionNotes(run({ champion: 'c' }), labelled)).toEqual([]);
    expect(promotionNotes(run(), 0)).toEqual([]);
  });
});

describe('a time mask', () => {
  it('that can hide much of a chunk is told with the usual width', () => {
    expect(maskHints({ maxFrames: 192 }, 4)).toEqual([
      {
        kind: 'wide masks',
        about: 'augment.timeMask.maxFrames',
        value: 0.48,
        text:
          'augment.timeMask.maxFrames: 192 frames hide up to 48 % of a chunk of 4 s; a fifth is ' +
          'usual: 80 frames',
      },
    ]);
    expect(maskHints({ maxFrames: 6001 }, 4)[0]!.value).toBe(1);
  });

  it('of a fifth, or none, is not worth a word', () => {
    for (const [maxFrames, seconds] of [
      [192, 10],
      [80, 4],
      [0, 1],
    ] as const)
      expect(maskHints({ maxFrames }, seconds)).toEqual([]);
  });
});

describe('weights by evidence', () => {
  const { corpus, ...rest } = run();
  const asking = (ensemble?: 'greedy'): DistillRun => ({
    ...{ ...rest, corpus: { ...corpus, validation: 'v.jsonl' } },
    ...(ensemble ? { ensemble } : {}),
  });

  it('are refused as soon as validation is seen to lack labels', () => {
    expect(ensembleProblems(asking('greedy'), { clips: 9, labelled: 7 })).toEqual([
      'ensemble: greedy fits weights to labels, and 2 of 9 clips of corpus.validation (v.jsonl) ' +
        'have none; label them, or leave ensemble out',
    ]);
  });

  it('are not refused with labels, where a plan does not say, or where nobody asks', () => {
    expect(ensembleProblems(asking('greedy'), { clips: 9, labelled: 9 })).toEqual([]);
    expect(ensembleProblems(asking('greedy'), { clips: 9 })).toEqual([]);
    expect(ensembleProblems(asking(), { clips: 9, labelled: 0 })).toEqual([]);
  });
});

describe('a warm-up', () => {
  it('that ends with the training, or after it, is told with the rate that it reaches', () => {
    expect(warmupNotes('students', run().students, 10)).toEqual([]);
    expect(warmupNotes('students', run().students, 8)).toEqual([
      'students[0].warmupSteps: 25 of 20 steps: the learning rate ends at 0.00080 instead of ' +
        '0.001; a tenth of the steps is usual',
    ]);
  });
});

describe('workers of a training', () => {
  const asking = (settings: object) =>
    distillRunSchema.parse({ ...run(), students: [{ name: 's', model: 'tiny', ...settings }] })
      .students;

  it('are no more than the parts of its batches, which is told', () => {
    const [student] = asking({ parts: 2, workers: { max: 8 } });
    expect(mostWorkers(student!)).toBe(2);
    expect(workerNotes('students', [student!])).toEqual([
      'students[0].workers: max is 8 and parts is 2: a worker computes whole parts of a batch, ' +
        'so no more than 2 take part; raise parts for more',
    ]);
    expect(workerNotes('students', asking({ parts: 8, workers: { max: 8 } }))).toEqual([]);
    expect(workerNotes('students', asking({}))).toEqual([]);
  });

  it('are refused where fewer may take part than are waited for', () => {
    expect(() => asking({ parts: 4, workers: { min: 4, max: 2 } })).toThrow(/at most max = 2/);
  });
});

describe('a field by its earlier name', () => {
  it('is read, and told with the name that it has now', () => {
    const settings = { name: 's', model: 'tiny', gradientAccumulation: 4 };
    const { students } = distillRunSchema.parse({ ...run(), students: [settings] });
    expect(trainerOptions(students[0]!).parts).toBe(4);
    expect(renamedNotes('students', students)).toEqual([
      'students[0].gradientAccumulation: is called parts now; both names are read',
    ]);
    expect(renamedNotes('students', run().students)).toEqual([]);
  });
});

describe('classes of one clip', () => {
  it('are named, the first eight of them', () => {
    const classes = Array.from({ length: 12 }, (_, at) => ({
      name: `c${at}`,
      clips: at > 1 ? 1 : at * 2,
    }));
    expect(singleClipNote(classes)).toBe(
      '10 classes have a single clip: c2, c3, c4, c5, c6, c7, c8, c9, and 2 more',
    );
    expect(singleClipNote(classes.slice(0, 2))).toBeNull();
  });
});
