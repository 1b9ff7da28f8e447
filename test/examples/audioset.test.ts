import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ced } from '../../cli/main';
import { describeFailure } from '../../cli/failure';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { catchOutput } from '../support/caught-output';

const examples = join(__dirname, '../../examples');
const read = (name: string): DistillRun =>
  distillRunSchema.parse(JSON.parse(readFileSync(join(examples, name), 'utf8')));

describe('the AudioSet run files', () => {
  afterEach(() => jest.restoreAllMocks());
  const paper = {
    logits: {
      topK: 20,
      chunkSeconds: 10,
      augment: {
        shift: { maxFraction: 0.5, probability: 0.5 },
        timeMask: { maxFrames: 192 },
        freqMask: { maxBins: 24 },
      },
    },
    student: {
      learningRate: 1e-3,
      finalLearningRateFraction: 0.1,
      earlyStop: 10,
      averageBest: 4,
      consistent: true,
      weightDecay: 0,
    },
  };

  it.each([
    [
      'audioset-20k.json',
      120,
      { batchSize: 32, epochs: 300, warmupSteps: 5000, mixup: 0.5, validateEvery: 5 },
    ],
    [
      'audioset-2m.json',
      10,
      { batchSize: 128, epochs: 126, warmupSteps: 62_500, mixup: 0, validateEvery: 1 },
    ],
  ])('%s holds the settings of the paper', (name, views, training) => {
    const { logits, students } = read(name);
    expect(logits).toMatchObject({ ...paper.logits, views });
    expect(students.map(({ model }) => model)).toEqual(['tiny', 'mini', 'small', 'base']);
    for (const student of students)
      expect(student).toMatchObject({ ...paper.student, ...training });
  });

  it.each([
    ['20k', 21_155, 2_538_600, 198_600],
    ['2m', 1_904_746, 19_047_460, 1_875_006],
  ])('can be planned before anything is there (%s)', async (name, clips, rows, steps) => {
    const printed = catchOutput('stdout');
    const path = join(examples, `audioset-${name}.json`);
    expect(
      await ced(['plan', path, '--root', '/nowhere', '--clips', `train=${clips}`, '--json']),
    ).toBe(0);
    const plan = JSON.parse(printed.text) as {
      logits: { rows: number };
      trainings: { steps: number }[];
    };
    expect(plan.logits.rows).toBe(rows);
    expect(plan.trainings.map((training) => training.steps)).toEqual([steps, steps, steps, steps]);
    // The header states the command that gave its estimates.
    expect(readFileSync(path.replace('.json', '.md'), 'utf8')).toContain(`--clips train=${clips}`);
  });

  it.each(['10Gb/s', '25Gb/s', '100Gb/s', '400Gb/s', 'nvlink'])(
    'the page of 2m states what eight workers take, joined by %s, as the command prints it',
    async (link) => {
      const printed = catchOutput('stdout');
      const path = join(examples, 'audioset-2m.json');
      const clips = ['--clips', 'train=1904746', '--clips', 'validation=2000'];
      const workers = ['--workers', '8', '--link', link];
      expect(await ced(['plan', path, '--root', '/nowhere', ...clips, ...workers])).toBe(0);
      const [, hours, efficiency, limit] =
        /\n {2}base +(\d+) h +(\d\.\d\d) {2}(.*?) {2}/.exec(printed.text) ?? [];
      const all = /\n {2}training +(\d+) h\n.* {2}training +(\d+) h\n$/s.exec(printed.text)?.[2];
      const page = readFileSync(path.replace('.json', '.md'), 'utf8');
      expect(page).toContain(`| ${[`\`${link}\``, all, hours, efficiency, limit].join(' | ')} |`);
    },
  );

  it('say what is missing where nothing is assumed', async () => {
    const failure = await ced([
      'plan',
      join(examples, 'audioset-20k.json'),
      '--root',
      '/nowhere',
    ]).catch(describeFailure);
    expect(failure).toMatch(
      /^corpus\.vocabulary: .*class_labels_indices\.csv cannot be read \(ENOENT\), expected /,
    );
    const unnamed = await ced(['plan', join(examples, 'audioset-20k.json'), '--clips', '5']).catch(
      describeFailure,
    );
    expect(unnamed).toBe('--clips 5: expected train=N, validation=N or eval=N');
  });
});
