import { distillRunSchema } from '../../workflows/contract/run-file';
import { parseRun } from '../../workflows/contract/parse-run';

const student = {
  name: 'small',
  model: { embedDim: 92, depth: 3, heads: 4 },
  epochs: 12,
  validateEvery: 2,
};
const runWith = (students: object[], rest: object = {}): object => ({
  name: 'instruments',
  store: 'runs/instruments',
  corpus: { train: 'train.jsonl', validation: 'validation.jsonl', vocabulary: 'labels.csv' },
  teachers: [{ name: 'a', checkpoint: 'teachers/a', format: 'ced' }],
  students,
  ...rest,
});
const problemsOf = (students: object[], rest?: object): string[] => {
  const parsed = parseRun(distillRunSchema, runWith(students, rest));
  return 'problems' in parsed ? parsed.problems : [];
};
const studentsOf = (students: object[]) => distillRunSchema.parse(runWith(students)).students;

describe('a sweep', () => {
  it('gives a student to each combination, in order, named by what differs', () => {
    const sweep = { embedDim: [64, 92, 128], depth: [3, 4] };
    expect(studentsOf([{ ...student, sweep }]).map(({ name, model }) => [name, model])).toEqual(
      [64, 92, 128].flatMap((embedDim) =>
        [3, 4].map((depth) => [
          `small-dim${embedDim}-depth${depth}`,
          { embedDim, depth, heads: 4, mlpRatio: 4, pooling: 'mean' },
        ]),
      ),
    );
  });

  it('gives the students that the run file would list, beside those that it lists', () => {
    const listed = [64, 128].map((embedDim) => ({
      ...student,
      name: `small-dim${embedDim}`,
      model: { ...student.model, embedDim },
    }));
    expect(studentsOf([{ ...student, sweep: { embedDim: [64, 128] } }, student])).toEqual(
      studentsOf([...listed, student]),
    );
  });

  it('leaves a student without one as it is', () => {
    expect(studentsOf([student])[0]).not.toHaveProperty('sweep');
  });

  it.each([
    [{ sweep: {} }, 'students[0].sweep: expected values of embedDim, depth or heads'],
    [
      { sweep: { embedDim: [64, 90], depth: [1, 2] } },
      'students[0].sweep.heads: expected a divisor of embedDim = 90',
    ],
    [
      { model: 'tiny', sweep: { depth: [3] } },
      "students[0].model: expected a shape of its own for sweep to vary, not 'tiny'",
    ],
    [
      { init: 'teachers/a', sweep: { depth: [3] } },
      'students[0].init: expected null: a checkpoint has one shape, a sweep several',
    ],
    [
      { sweep: { depth: [3, 3] } },
      "students[0].name: expected a name not used twice, 'small-depth3' is",
    ],
    [
      { name: 'n'.repeat(60), sweep: { depth: [3] } },
      `students[0].name: too long for its sweep: '${'n'.repeat(60)}-depth3' has over 64 characters`,
    ],
  ])('is refused with one sentence: %j', (change, problem) => {
    expect(problemsOf([{ ...student, ...change }])).toEqual([problem]);
  });

  it('is refused before it is expanded when it gives too many students', () => {
    const values = Array.from({ length: 32 }, (_, index) => 4 * (index + 1));
    const sweep = { embedDim: values, depth: values, heads: values };
    expect(problemsOf([{ ...student, sweep }])).toEqual([
      'students: sweeps give 32768 students, expected at most 200',
    ]);
  });

  it('may not give a name that another student has', () => {
    const other = { ...student, name: 'small-depth3' };
    expect(problemsOf([other, { ...student, sweep: { depth: [3] } }])).toEqual([
      "students[1].name: expected a name not used twice, 'small-depth3' is",
    ]);
  });
});

describe('halving', () => {
  const sweep = { embedDim: [64, 128] };
  const halving = { rungs: [4, 8] };

  it('keeps a third without eta', () => {
    expect(distillRunSchema.parse(runWith([{ ...student, sweep }], { halving }))).toMatchObject({
      halving: { rungs: [4, 8], eta: 3 },
    });
  });

  it.each([
    [[4, 4], 'halving.rungs[1]: expected more than the rung before it, 4'],
    [[3], 'halving.rungs[0]: expected a multiple of validateEvery = 2 of small'],
    [[12], 'halving.rungs[0]: expected fewer than the 12 epochs of small'],
  ])('is refused at rungs %j', (rungs, problem) => {
    expect(problemsOf([{ ...student, sweep }], { halving: { rungs } })).toEqual([problem]);
  });

  it('is refused for a student alone, and without clips to compare on', () => {
    expect(problemsOf([student], { halving })).toEqual([
      'halving: expected two students or more, or a sweep',
    ]);
    const corpus = { train: 'train.jsonl', vocabulary: 'labels.csv' };
    expect(problemsOf([{ ...student, sweep }], { halving, corpus })).toEqual([
      'corpus.validation: expected a table: halving compares students on it',
    ]);
  });
});
