import { budgetProblems, budgetsOf, withinBudgets } from '../../workflows/contract/budgets';
import { parseRun } from '../../workflows/contract/parse-run';
import {
  distillRunSchema,
  teachRunSchema,
  type DistillRun,
} from '../../workflows/contract/run-file';

const run = (students: object[], more: object = {}): object => ({
  name: 'budgeted',
  store: 'store',
  corpus: { train: 't.jsonl', validation: 'v.jsonl', vocabulary: 'v.csv' },
  teachers: [{ name: 'a', checkpoint: 'a', format: 'ced' }],
  students: students.map((student) => ({ model: 'tiny', batchSize: 10, ...student })),
  ...more,
});
const parsed = (...students: object[]): DistillRun => distillRunSchema.parse(run(students));
const problemsOf = (input: unknown): string[] => {
  const { problems = [] } = { problems: undefined, ...parseRun(distillRunSchema, input) };
  return problems;
};
const train = { shards: 1, clips: 100, chunks: 100, samples: 1, rejected: 0, labelled: true };

describe('the budget of a training', () => {
  it('is stated in minutes on two cores, in minutes on others, or in steps', () => {
    const budgets = parsed(
      { name: 'a', budget: { minutes: 30 } },
      { name: 'b', budget: { minutes: 30, cores: 8 } },
      { name: 'c', budget: { steps: 5000 } },
    ).students.map(({ budget }) => budget);
    expect(budgets).toEqual([
      { minutes: 30, cores: 2 },
      { minutes: 30, cores: 8 },
      { steps: 5000 },
    ]);
  });

  it('is refused beside epochs, even beside their default number', () => {
    const both = { name: 'a', epochs: 300, budget: { minutes: 30 } };
    const problem = 'budget: expected epochs or budget, not both: a budget becomes epochs';
    expect(problemsOf(run([both]))).toEqual([`students[0].${problem}`]);
    const { teachers: _, students, ...rest } = run([both]) as { teachers: []; students: object[] };
    expect(parseRun(teachRunSchema, { ...rest, teachers: students })).toEqual({
      problems: [`teachers[0].${problem}`],
    });
  });

  it('is refused with halving, which compares students at stated epochs', () => {
    const students = ['a', 'b'].map((name) => ({ name, budget: { steps: 100 } }));
    expect(problemsOf(run(students, { halving: { rungs: [5] } }))).toEqual([
      'students[0].budget: expected epochs: halving compares at epochs',
      'students[1].budget: expected epochs: halving compares at epochs',
    ]);
  });
});

describe('a run with a budget', () => {
  it('trains by the settings of a run file that states its epochs, and says so', () => {
    const stated = parsed({ name: 'a', budget: { steps: 60 } }, { name: 'b', epochs: 7 });
    const { run: resolved, notes } = withinBudgets(stated, { epochs: [6, null], train });
    expect(resolved).toEqual(
      parsed({ name: 'a', epochs: 6, warmupSteps: 6 }, { name: 'b', epochs: 7 }),
    );
    expect(Object.keys(resolved.students[0]!)).not.toContain('budget');
    expect(notes).toEqual([
      'students[0].budget: 60 steps become epochs 6 (60 steps), warmupSteps 6',
    ]);
  });

  it('says what the fewest epochs take where that is more than the minutes asked for', () => {
    const stated = parsed({ name: 'a', budget: { minutes: 2 } }, { name: 'b', epochs: 7 });
    const finalized = { epochs: [4, null], leastMinutes: [7.25, null], train };
    expect(withinBudgets(stated, finalized).notes).toEqual([
      'students[0].budget: 2 minutes on 2 cores become epochs 4 (40 steps), warmupSteps 4; fewer ' +
        'are not trained, and these take about 7.3 minutes at the stated speed',
    ]);
  });

  it('asks for epochs when its corpus is ingested; one without asks nothing', () => {
    expect(budgetsOf(parsed({ name: 'a' }), 5)).toEqual({});
    const both = parsed({ name: 'a', budget: { steps: 60 } }, { name: 'b' });
    expect(budgetsOf(both, 5)).toEqual({
      classes: 5,
      trainings: [
        { model: 'tiny', batchSize: 10, budget: { steps: 60 } },
        { model: 'tiny', batchSize: 10 },
      ],
    });
    expect(budgetProblems(budgetsOf(both, 5), { epochs: [6, null] })).toEqual([]);
    expect(budgetProblems({}, {})).toEqual([]);
    const without = parsed({ name: 'a' });
    expect(withinBudgets(without, { train })).toEqual({ run: without, notes: [] });
  });

  it('is refused where a worker that knows no budgets answers', () => {
    const asked = budgetsOf(parsed({ name: 'a', budget: { steps: 60 } }), 5);
    expect(budgetProblems(asked, {})).toEqual([
      expect.stringMatching(/^budget: .* a worker of an earlier version/),
    ]);
  });
});
