import { budgetedEpochs } from '../../ced/training/budget';
import { projectSettings, type ProjectData } from '../../cli/corpus/project-settings';
import { modelSchema, teacherTrainingSchema } from '../../workflows/contract/run-file-sections';

const project = (trainClips: number, more: Partial<ProjectData> = {}): ProjectData => ({
  ...{ trainClips, validationClips: Math.round(trainClips / 8), classes: 30 },
  ...{ seconds: [5], allSeconds: [5], teachers: [], minutes: null, cores: 2, hasGpu: false },
  ...more,
});
const settingsOf = (...given: Parameters<typeof project>) => projectSettings(project(...given));

/** What the run makes of the student's budget. */
function student(...given: Parameters<typeof project>): { epochs: number; steps: number } {
  const { student: training, chunkSeconds } = settingsOf(...given);
  const { batchSize, budget } = training;
  const corpus = { classes: given[1]?.classes ?? 30, chunks: given[0], chunkSeconds };
  const stated = { model: modelSchema.parse(training.model), batchSize, budget };
  const [epochs] = budgetedEpochs([stated], corpus);
  return { epochs: epochs!, steps: epochs! * Math.ceil(given[0] / batchSize) };
}

describe('the budget of a new project', () => {
  it('is as many steps as its classes need, within 4 to 120 epochs of its clips', () => {
    // 8 steps an epoch, 188, and 9,375.
    expect(student(60)).toEqual({ epochs: 120, steps: 960 });
    expect(student(3000)).toEqual({ epochs: 64, steps: 12_032 });
    expect(student(300_000)).toEqual({ epochs: 4, steps: 37_500 });
    for (const clips of [60, 3000, 300_000])
      expect(settingsOf(clips).student.budget).toEqual({ steps: student(clips).steps });
  });

  it('grows with the classes up to a limit, and is half as many steps for teachers', () => {
    const stepsOf = (classes: number): number => student(30_000, { classes }).steps;
    expect(stepsOf(2)).toBe(stepsOf(50));
    expect(stepsOf(100) / stepsOf(50)).toBeCloseTo(2, 1);
    expect(stepsOf(5000)).toBe(stepsOf(527));
    const { teachers } = settingsOf(3000);
    expect(teachers.map(({ budget }) => budget)).toEqual([{ steps: 6016 }, { steps: 6016 }]);
  });

  it('is of the minutes that are given, more of them for what takes longer, on these cores', () => {
    const given = { minutes: 30, cores: 3 };
    const { teachers, fromLabels, student: last, reasons } = settingsOf(3000, given);
    const trainings = [...teachers, fromLabels!, last];
    const minutes = trainings.map(({ budget }) => ('minutes' in budget ? budget.minutes : NaN));
    expect(minutes.reduce((sum, each) => sum + each, 0)).toBeCloseTo(0.85 * 30, 2);
    expect(minutes[0]).toBeGreaterThan(minutes[1]!);
    expect(trainings.map(({ budget }) => budget)).toEqual(
      minutes.map((each) => ({ minutes: each, cores: 3 })),
    );
    const [few, many] = [10, 60].map((each) => student(3000, { minutes: each }).steps);
    expect(many! / few!).toBeGreaterThan(4);
    expect(reasons.join('\n')).toContain('--minutes 30 allows for all trainings on 3 cores');
  });

  it('says what it takes on this machine, and how to change it', () => {
    const taken = (cores: number): string => settingsOf(3000, { cores }).reasons.join('\n');
    expect(taken(2)).toMatch(/budget: all trainings take about 1\.2 h on 2 cores; --minutes N /);
    expect(taken(1)).toMatch(/take about 2\.\d h on 1 core;/);
    expect(settingsOf(3000, { hasGpu: true }).reasons.join('\n')).toContain(', less on a GPU;');
    expect(settingsOf(300_000).reasons.join('\n')).toMatch(/are 37500 steps: the fewest that are/);
  });
});

describe('the model from labels alone of a new project', () => {
  it("is the student's, for a teacher's steps, where validation has clips enough", () => {
    const { fromLabels, student: last, teachers, reasons } = settingsOf(3000);
    expect(fromLabels?.model).toEqual(last.model);
    expect(fromLabels?.budget).toEqual(teachers[0]!.budget);
    expect(reasons.join('\n')).toContain('fromLabels: ');
    expect(settingsOf(60).fromLabels).toBeNull();
    expect(settingsOf(60).reasons.join('\n')).not.toContain('fromLabels');
  });

  it('is left out where the teachers exist already, as the labels may not', () => {
    expect(settingsOf(3000, { teachers: [null] }).fromLabels).toBeNull();
  });
});

describe('the early stop of a new project', () => {
  it('waits for a third of the steps, in steps, where validation can tell', () => {
    const { student: training, teachers } = settingsOf(3000);
    expect(training.earlyStopSteps).toBe(22 * 188);
    expect(teachers[0]!.earlyStopSteps! / training.earlyStopSteps!).toBeCloseTo(0.5, 5);
  });

  it('waits for five validations at least, so that a training of four epochs never stops', () => {
    const { student: training } = settingsOf(300_000);
    expect(training.validateEvery).toBe(1);
    expect(training.earlyStopSteps).toBe(5 * 9375);
  });

  it('is left out where validation has few clips, and says so', () => {
    const { student: training, reasons } = settingsOf(60);
    expect(training).not.toHaveProperty('earlyStopSteps');
    expect(reasons).toContainEqual(
      'earlyStop 0: 8 validation clips cannot tell when to stop early.',
    );
  });
});

it('a new project has settings that a run file takes', () => {
  for (const minutes of [null, 0.001, 30])
    for (const training of [settingsOf(60, { minutes }).student, settingsOf(3000).teachers[0]!])
      expect(teacherTrainingSchema.parse({ name: 'a', ...training })).toMatchObject(training);
});
