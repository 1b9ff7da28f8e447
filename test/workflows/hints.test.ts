import { unevenClassesHints } from '../../workflows/contract/class-balance';
import { labelsHints, labelsNote } from '../../workflows/contract/labels-comparison';
import { parseRun } from '../../workflows/contract/parse-run';
import { distillRunSchema } from '../../workflows/contract/run-file';

describe('an ensemble beside what labels alone give', () => {
  const mAP = { ensemble: 0.209, fromLabels: 0.233 };

  it('is told to be below where the interval of the difference is', () => {
    const below = { clips: 300, mAP, gain: { mean: 0.024, low: 0.014, high: 0.034 } };
    const [hint, ...others] = labelsHints(below);
    expect(others).toEqual([]);
    expect(hint).toMatchObject({ kind: 'below labels', about: 'ensemble', value: 0.024 });
    expect(hint?.error).toBeCloseTo(0.01, 12);
    expect(hint?.text).toBe(
      'the ensemble (0.2090) is below what labels alone give (0.2330), by 0.0240 ± 0.0100 on 300 ' +
        'validation clips: train the teachers longer',
    );
  });

  it('gets no hint, and a note, where it is not below or only by chance', () => {
    const chance = { clips: 300, mAP, gain: { mean: 0.024, low: -0.002, high: 0.05 } };
    expect(labelsHints(chance)).toEqual([]);
    expect(labelsNote(chance)).toBe(
      'fromLabels: labels alone give 0.2330 on 300 validation clips, the ensemble 0.2090 ' +
        '(difference −0.0240 ± 0.0260)',
    );
  });

  it('is compared on validation, and where there are teachers', () => {
    const run = (corpus: object, more: object): unknown => ({
      ...{ name: 'a', store: 'store', fromLabels: 'teachers/from-labels' },
      corpus: { train: 't.jsonl', vocabulary: 'v.csv', ...corpus },
      students: [{ name: 's', model: 'tiny' }],
      ...more,
    });
    const problemsOf = (input: unknown) => {
      const parsed = parseRun(distillRunSchema, input);
      return 'problems' in parsed ? parsed.problems : [];
    };
    const teachers = [{ name: 'a', checkpoint: 'a', format: 'ced' }];
    expect(problemsOf(run({ validation: 'v.jsonl' }, { teachers }))).toEqual([]);
    expect(problemsOf(run({}, { teachers }))).toEqual([
      'corpus.validation: expected a labelled table: fromLabels is compared with the ensemble ' +
        'on it',
    ]);
    expect(problemsOf(run({ validation: 'v.jsonl' }, { logits: { published: 'folder' } }))).toEqual(
      ['fromLabels: expected teachers, whose ensemble it is compared with'],
    );
  });
});

describe('classes of very different frequency', () => {
  const classes = (...clips: number[]) =>
    clips.map((each, at) => ({ name: `c${at}`, clips: each }));

  it('are counted, the rarest named first', () => {
    expect(unevenClassesHints('train', classes(2000, 40, 100, 101, 0, 60, 70))).toEqual([
      {
        ...{ kind: 'uneven classes', about: 'train', value: 50 },
        text:
          '4 of 6 classes have at most a twentieth of the clips of c0 (2000) in train: c1 40, ' +
          'c5 60, c6 70, …; a model learns them least, and mAP counts them like the others; add ' +
          'clips of them',
      },
    ]);
  });

  it('are not told of below a factor of twenty, or without labels', () => {
    expect(unevenClassesHints('train', classes(1999, 100, 0))).toEqual([]);
    expect(unevenClassesHints('train', classes(0, 0))).toEqual([]);
    expect(unevenClassesHints('train', [])).toEqual([]);
  });
});
