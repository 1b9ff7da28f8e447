import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { duration } from '../../cli/quantities';
import { ced } from '../../cli/main';
import type { RunPlan } from '../../cli/run/run-output';
import {
  estimateSplit,
  estimateTraining,
  logitBytes,
  trainingOperations,
} from '../../cli/run/run-estimate';
import { distillRunSchema } from '../../workflows/contract/run-file';
import { wavBytes } from '../ced/audio/wav-bytes';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

interface Plan {
  trainings: { name: string; hours: number }[];
  hours: { training: number };
}

let folder: string;
let printed: CaughtOutput;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-commands-'));
  writeToneCorpus(folder, { train: 6, validation: 2, eval: 2 });
  printed = catchOutput('stdout');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const corpus = {
  train: 'train.jsonl',
  validation: 'validation.jsonl',
  eval: 'eval.jsonl',
  vocabulary: 'vocabulary.csv',
  clipsPerShard: 4,
};
function runFile(): string {
  const { checkpoint } = writeUntrainedTeacher(folder, 'vocabulary.csv', 7);
  renameSync(join(folder, checkpoint), join(folder, 'teacher'));
  const run = {
    name: 'tones',
    store: 'store',
    corpus,
    teachers: [{ name: 'a', checkpoint: 'teacher', format: 'ced' }],
    logits: { views: 3, topK: 4, chunkSeconds: 0.5 },
    students: [
      { name: 'small', model: { embedDim: 16, depth: 1, heads: 2 }, epochs: 5, batchSize: 4 },
    ],
  };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
  return join(folder, 'run.json');
}

interface Printed {
  splits: object;
}

describe('ced corpus', () => {
  it('prints clips, hours and labels of a table, in which all is well', async () => {
    expect(await ced(['corpus', join(folder, 'train.jsonl')])).toBe(0);
    expect(printed.text).toMatch(
      /^train: .*train\.jsonl\n {2}clips +6, 6 s, 1\.0 to 1\.0 s each\n {2}labels +6 clips labelled, \d classes\n/,
    );
    expect(printed.text).toMatch(/rejected +0\n/);
  });

  it('reads a corpus of the hub that the environment names, as a worker does', async () => {
    const server = createServer((request, response) => {
      const file = /^\/org\/corpus\/resolve\/main\/(.+)$/.exec(request.url ?? '')?.[1] ?? '';
      response.end(readFileSync(join(folder, file)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await ced(['corpus', 'hf://org/corpus/train.jsonl', '--allow-private-hosts'])).toBe(0);
      expect(printed.text).toMatch(/clips +6, [^]*rejected +0\n/);
      await expect(ced(['corpus', 'hf://org/corpus/train.jsonl'])).rejects.toThrow(
        /--allow-private-hosts/,
      );
    } finally {
      delete process.env['HF_ENDPOINT'];
      server.close();
    }
  });

  it('refuses what a run would refuse, naming the clips', async () => {
    copyFileSync(join(folder, 'audio/eval-1.wav'), join(folder, 'audio/train-2.wav'));
    writeFileSync(join(folder, 'audio/train-4.wav'), 'no audio');
    expect(await ced(['corpus', runFile(), '--root', folder, '--json'])).toBe(1);
    const { splits, overlaps, problems } = documentedOutput<{
      splits: { split: string; clips: number; rejected: { count: number }[] }[];
      overlaps: object;
      problems: string[];
    }>('corpus', printed.text);
    expect(splits.map(({ split, clips }) => [split, clips])).toEqual([
      ['train', 5],
      ['eval', 2],
      ['validation', 2],
    ]);
    expect(splits[0]?.rejected).toEqual([expect.objectContaining({ count: 1 })]);
    expect(overlaps).toEqual({ count: 1, examples: [{ clip: 'train-2', of: 'eval eval-1' }] });
    expect(problems).toEqual([
      'train: 1 of 6 clips are rejected, more than 0.01 of them',
      'train: 1 clip holds the very audio that a run is scored on: train-2 = eval eval-1',
    ]);
  });

  it('rejects no training clip of distill for a label that the vocabulary lacks', async () => {
    writeFileSync(
      join(folder, 'vocabulary.csv'),
      'index,mid,display_name\n0,/t/0,"Low tone"\n1,/t/1,"Middle tone"\n',
    );
    const run = runFile();
    await ced(['corpus', run, '--root', folder, '--json']);
    await ced(['plan', run, '--root', folder, '--json']);
    const printedObjects = printed.text.split(/(?<=^\})\n/m).filter((text) => text !== '');
    const [corpusOf, plan] = printedObjects.map((text, at) =>
      documentedOutput<Printed>(at === 0 ? 'corpus' : 'plan', text),
    );
    expect(corpusOf?.splits).toMatchObject([{ split: 'train', clips: 6, rejected: [] }, {}, {}]);
    expect(plan?.splits).toMatchObject({ train: { clips: 6, rejectedSoFar: 0 } });
  });

  it('reads the channel that the run file or the option chooses', async () => {
    const left = Array.from({ length: 16_000 }, (_, at) => Math.round(9000 * Math.sin(at / 9)));
    const opposite = left.map((sample) => -sample);
    writeFileSync(join(folder, 'audio/train-4.wav'), wavBytes([left, opposite], { bits: 16 }));
    const run = runFile();
    expect(await ced(['corpus', run, '--root', folder])).toBe(1);
    expect(printed.text).toMatch(/channelsCancel: its 2 channels cancel/);
    printed.text = '';
    await ced(['plan', run, '--root', folder]);
    expect(printed.text).toMatch(/train +6 clips, .* 1 row or sampled clip rejected/);
    expect(await ced(['corpus', run, '--root', folder, '--channels', 'first'])).toBe(0);
    const content = JSON.parse(readFileSync(run, 'utf8')) as { corpus: object };
    writeFileSync(
      run,
      JSON.stringify({ ...content, corpus: { ...content.corpus, channels: 'loudest' } }),
    );
    expect(await ced(['corpus', run, '--root', folder])).toBe(0);
    printed.text = '';
    await ced(['plan', run, '--root', folder]);
    expect(printed.text).toMatch(/train +6 clips/);
    expect(printed.text).not.toMatch(/rejected/);
  });

  it('accepts it when told to', async () => {
    copyFileSync(join(folder, 'audio/eval-1.wav'), join(folder, 'audio/train-2.wav'));
    const tables = ['train', 'eval'].map((split) => `${split}=${join(folder, split)}.jsonl`);
    expect(await ced(['corpus', ...tables])).toBe(1);
    expect(await ced(['corpus', ...tables, '--allow-overlap'])).toBe(0);
  });

  it('says what it was not given', async () => {
    expect(await ced(['corpus']).catch(describeFailure)).toBe(
      'ced corpus: expected a table or a run file; see ced corpus --help',
    );
    expect(await ced(['corpus', 'nowhere.jsonl']).catch(describeFailure)).toMatch(
      /corpus\.train: .*nowhere\.jsonl cannot be read \(ENOENT\)/,
    );
  });
});

describe('ced plan', () => {
  it('prints shards, rows and bytes of a run file, and writes nothing', async () => {
    expect(await ced(['plan', runFile(), '--root', folder, '--json'])).toBe(0);
    expect(documentedOutput('plan', printed.text)).toMatchObject({
      run: 'tones',
      splits: {
        train: { clips: 6, shards: 2, chunks: 12, audioBytes: 6 * 32_000 },
        eval: { clips: 2, shards: 1, chunks: 4 },
      },
      logits: { rows: 36, bytes: 36 * 12 },
      teachers: [{ name: 'a', parameters: expect.any(Number) }],
      trainings: [{ name: 'small', steps: 15 }],
    });
    expect(() => readFileSync(join(folder, 'store'))).toThrow(/ENOENT/);
  });

  it('expands a sweep, with parameters, bytes and hours of each student', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as { students: object[]; corpus: object };
    const [student] = run.students;
    const sweep = { depth: [1, 2, 3] };
    const model = { embedDim: 16, depth: 1, heads: 2 };
    const students = [{ ...student, model, validateEvery: 1, sweep }];
    writeFileSync(path, JSON.stringify({ ...run, students }));
    expect(await ced(['plan', path, '--root', folder, '--json'])).toBe(0);
    const all = JSON.parse(printed.text) as Plan;
    expect(all.trainings.map(({ name }) => name)).toEqual(
      [1, 2, 3].map((depth) => `small-depth${depth}`),
    );
    const hours = all.trainings.map((training) => training.hours);
    expect(hours).toEqual(hours.toSorted());
    expect(all.hours.training).toBeCloseTo(hours[0]! + hours[1]! + hours[2]!, 12);

    printed.text = '';
    const halving = { rungs: [2] };
    writeFileSync(path, JSON.stringify({ ...run, students, halving }));
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).toMatch(/small-depth3 +0\.01 M parameters \([\d.]+ kB\), 15 steps, /);
    expect(printed.text).toMatch(/halving +3 students, 1 after epoch 2$/m);
    expect(printed.text).toMatch(/training +at most /);
  });

  it('counts the epochs that a budget becomes, and says how many', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as { students: Record<string, unknown>[] };
    const [{ epochs: _epochs, ...student } = {}] = run.students;
    const withBudget = (budget: object): void =>
      writeFileSync(path, JSON.stringify({ ...run, students: [{ ...student, budget }] }));
    withBudget({ steps: 21 });
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).toMatch(/small +[^\n]*, 21 steps, /);
    expect(printed.text).toContain('students[0].budget: 21 steps become epochs 7 (21 steps), ');

    printed.text = '';
    withBudget({ minutes: 60 });
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).toContain(
      'students[0].budget: 60 minutes on 2 cores become epochs 120 (360 steps), ',
    );
  });

  it('counts the outputs of workers, and of all teachers if they are to be kept', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as Record<'teachers' | 'logits', object>;
    const worker = { name: 'beats', format: 'worker', taskQueue: 'teacher-beats' };
    const teachers = [...(run.teachers as object[]), worker];
    // 36 rows of train for each, and 8 of the other splits for the worker; six classes.
    const rowBytes = 6 * 4 + 80;
    for (const [keepOutputs, rows] of [
      [false, 36 + 8],
      [true, 2 * 36 + 8],
    ] as const) {
      const logits = { ...run.logits, keepOutputs };
      writeFileSync(path, JSON.stringify({ ...run, teachers, logits }));
      printed.text = '';
      expect(await ced(['plan', path, '--root', folder, '--json'])).toBe(0);
      expect(documentedOutput('plan', printed.text)).toMatchObject({
        outputs: { bytes: rows * rowBytes },
      });
    }
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).toMatch(/outputs +8\.32 kB of 2 teachers/);
    expect(printed.text).toMatch(
      /note +teachers\[1\]: its workers on teacher-beats are asked when/,
    );
    const masked =
      /note +teachers\[1\]\.spectrogramMasks: the run masks .* "spectrogramMasks": "skip"/;
    expect(printed.text).toMatch(masked);
    const skipping = [...(run.teachers as object[]), { ...worker, spectrogramMasks: 'skip' }];
    writeFileSync(path, JSON.stringify({ ...run, teachers: skipping }));
    printed.text = '';
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).not.toMatch(masked);
  });

  it('assumes how many classes a run has whose list only a worker knows', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as { teachers: object[] };
    const worker = { name: 'beats', format: 'worker', taskQueue: 'teacher-beats' };
    const ofWorker = { ...corpus, vocabulary: 'teacher:beats' };
    writeFileSync(path, JSON.stringify({ ...run, corpus: ofWorker, teachers: [worker] }));
    expect(await ced(['plan', path, '--root', folder, '--classes', '50', '--json'])).toBe(0);
    const plan = documentedOutput<{ notes: string[]; problems: string[] }>('plan', printed.text);
    // 36 rows of train, 8 of the other splits.
    expect(plan).toMatchObject({ problems: [], outputs: { bytes: 44 * (50 * 4 + 80) } });
    expect(plan.notes).toContainEqual(
      expect.stringMatching(/^corpus\.vocabulary: only the worker of teacher beats .*: 50 are/),
    );
    printed.text = '';
    expect(await ced(['corpus', path, '--root', folder, '--json'])).toBe(0);
    expect(documentedOutput('corpus', printed.text)).toMatchObject({ problems: [] });
  });

  it('reads well', async () => {
    expect(await ced(['plan', runFile(), '--root', folder])).toBe(0);
    expect(printed.text).toMatch(
      /^run tones\n {2}train +6 clips, 2 shards, 12 chunks, 192 kB of audio\n/,
    );
    expect(printed.text).toMatch(/logits +36 rows, 432 B, under 1 s\n/);
    expect(printed.text).toMatch(/training +under 1 s\n/);
    expect(printed.text).toMatch(/validation +2 clips, 1 shard, 4 chunks, /);
    expect(printed.text).not.toContain('refused');
  });

  it.each([
    [0, '0 s'],
    [0.001, 'under 1 s'],
    [0.9, 'under 1 s'],
    [1, '1 s'],
    [8.449, '8.4 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [150, '2.5 min'],
    [3589, '60 min'],
    [3600, '1 h'],
    [3600 * 9.96, '10 h'],
    [3600 * 1234.4, '1,234 h'],
  ])('tells %d seconds as %s', (seconds, told) => {
    expect(duration(seconds)).toBe(told);
  });

  it('takes the classes of a teacher where the run has no list, and says how many', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as { corpus: object };
    const teacher = writeUntrainedTeacher(folder, 'vocabulary.csv', 1);
    const own = { ...run.corpus, vocabulary: `teacher:${teacher.name}` };
    writeFileSync(path, JSON.stringify({ ...run, corpus: own, teachers: [teacher] }));
    rmSync(join(folder, 'vocabulary.csv'));
    expect(await ced(['plan', path, '--root', folder])).toBe(0);
    expect(printed.text).toContain(
      'note        corpus.vocabulary: the run has the 6 classes of teacher untrained-1\n',
    );
    expect(printed.text).not.toContain('refused');
    expect(await ced(['corpus', path, '--root', folder])).toBe(0);
    const config = join(folder, teacher.checkpoint, 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace('id2label', 'idToLabel'));
    expect(await ced(['plan', path, '--root', folder]).catch(describeFailure)).toMatch(
      /corpus\.vocabulary: .*config\.json: .*names no classes \(it has no id2label\)/,
    );
  });

  it('says what a run would refuse or deserves a look, before anything is spent', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as {
      corpus: object;
      teachers: object[];
      students: object[];
      promote?: object;
    };
    writeUntrainedTeacher(folder, 'vocabulary.csv', 1);
    writeFileSync(join(folder, 'net.csv'), 'index,mid,display_name\n0,/x/0,Dog\n1,/x/1,Cat\n');
    writeFileSync(join(folder, 'net.onnx'), onnxBytes([1, 2]));
    const net = { format: 'onnx', output: 'logits', spectrogramMasks: 'skip' };
    run.teachers.push(
      { name: 'b', checkpoint: 'nowhere', format: 'ced' },
      { name: 'c', checkpoint: 'net.onnx', vocabulary: 'net.csv', ...net },
      { name: 'd', checkpoint: 'untrained-1', format: 'ced' },
    );
    run.students[0] = { ...run.students[0], init: 'untrained-1' };
    run.promote = { champion: 'champion' };
    const rows = readFileSync(join(folder, 'eval.jsonl'), 'utf8').replace(/,"labels":\[.*?\]/g, '');
    writeFileSync(join(folder, 'eval.jsonl'), rows);
    writeFileSync(path, JSON.stringify(run));
    rmSync(join(folder, 'teacher/model.safetensors'));
    expect(await ced(['plan', path, '--root', folder])).toBe(1);
    const told = printed.text.replaceAll(folder, '').split('\n').filter((text) => /^ {2}(refused|note)/.test(text)); // prettier-ignore
    expect(told).toEqual([
      expect.stringMatching(
        /^ {2}note {8}corpus\.validation: \d class(es)? ha(s|ve) a single clip: /,
      ),
      '  note        corpus.eval: eval.jsonl has no labels, so promote can compare no models: no ' +
        'student will be promoted',
      '  note        augment.timeMask.maxFrames: 192 frames hide up to 100 % of a chunk of ' +
        '0.5 s; a fifth is usual: 10 frames',
      '  note        students[0].warmupSteps: 5000 of 15 steps: the learning rate ends at ' +
        '0.0000030 instead of 0.001; a tenth of the steps is usual',
      expect.stringMatching(
        /^ {2}refused {5}teachers\[0\]\.checkpoint: \/teacher\/model\.safetensors cannot be read/,
      ),
      expect.stringMatching(
        /^ {2}refused {5}teachers\[1\]\.checkpoint: \/nowhere\/config\.json cannot be read/,
      ),
      '  refused     teachers[2].checkpoint: /net.onnx: the teacher lacks 6 of 6 classes: ' +
        'Low tone, Middle tone, High tone, Sweep, Noise, Clicks; its list has to name them as ' +
        'corpus.vocabulary does, by MID or name',
      '  refused     students[0].init: untrained-1 differs from model in embed_dim (32, not 16)',
    ]);
  });

  it('counts the audio at the rates that teachers or their files say', async () => {
    const path = runFile();
    const run = JSON.parse(readFileSync(path, 'utf8')) as { teachers: object[] };
    const net = { format: 'onnx', output: 'logits', spectrogramMasks: 'skip' };
    const gains = [1, 2, 3, 4, 5, 6];
    writeFileSync(join(folder, 'a.onnx'), onnxBytes(gains));
    writeFileSync(join(folder, 'b.onnx'), onnxBytes(gains, { metadata: { sample_rate: '48000' } }));
    run.teachers = [
      { name: 'a', checkpoint: 'a.onnx', vocabulary: 'vocabulary.csv', sampleRate: 32_000, ...net },
      { name: 'b', checkpoint: 'b.onnx', vocabulary: 'vocabulary.csv', ...net },
    ];
    writeFileSync(path, JSON.stringify(run));
    expect(await ced(['plan', path, '--root', folder, '--json'])).toBe(0);
    expect(documentedOutput('plan', printed.text)).toMatchObject({
      splits: { train: { audioBytes: 6 * 2 * (16_000 + 32_000 + 48_000) } },
      notes: expect.arrayContaining([
        'audio is kept at 32000 and 48000 Hz too, for teachers',
      ]) as string[],
    });
    printed.text = '';
    expect(await ced(['plan', path, '--clips', 'train=10', '--classes', '6', '--json'])).toBe(0);
    // Files are not read for it.
    expect(documentedOutput('plan', printed.text)).toMatchObject({
      splits: { train: { audioBytes: 10 * (0.5 * 2 * (16_000 + 32_000)) } },
    });
  });

  describe('with --workers', () => {
    const withStudents = (...fields: object[]): string => {
      const path = runFile();
      const run = JSON.parse(readFileSync(path, 'utf8')) as { students: object[] };
      const students = fields.map((each, index) => ({
        ...{ ...run.students[0], name: `s${index}`, batchSize: 16 },
        ...each,
      }));
      writeFileSync(path, JSON.stringify({ ...run, students }));
      return path;
    };
    const plan = async (path: string, ...options: string[]): Promise<RunPlan> => {
      printed.text = '';
      const clips = ['--clips', 'train=1000', '--classes', '6'];
      expect(await ced(['plan', path, '--root', folder, ...clips, '--json', ...options])).toBe(0);
      return JSON.parse(printed.text) as RunPlan;
    };

    it('estimates hours, bytes and efficiency of each training on all of them', async () => {
      const path = withStudents({ parts: 8, workers: { max: 4 } }, { parts: 4 });
      const estimated = await plan(path, '--workers', '4', '--price', '3');
      const { group, hours, trainings, notes } = estimated;
      expect(notes).toContain(
        'students[1].workers: max is 1, so a run trains it on no more; set it to 4 for the times ' +
          'on 4 workers',
      );
      expect(notes).not.toContainEqual(expect.stringContaining('students[0].workers'));
      expect(group).toMatchObject({ workers: 4, link: '100Gb/s', memoryGigabytes: 300 });
      const [first, second] = group!.trainings;
      expect([first!.parts, second!.parts]).toEqual([8, 4]);
      // Rows of more parts are sent too.
      expect(first!.sentBytes.step).toBeGreaterThan(second!.sentBytes.step);
      for (const [index, { seconds, sentBytes, hours: ofStudent, efficiency }] of Object.entries(
        group!.trainings,
      )) {
        const { trainedParameters, parameters, steps } = trainings[Number(index)]!;
        expect(trainedParameters).toBe(parameters);
        const gradientBytes = 4 * parameters;
        expect(sentBytes.step / (2 * gradientBytes * (3 / 4))).toBeCloseTo(1, 0);
        expect(sentBytes.training).toBe(4 * steps * sentBytes.step);
        const { computing, exchange, adam } = seconds;
        expect(ofStudent).toBeCloseTo(((computing + exchange + adam) * steps) / 3600, 12);
        expect(efficiency).toBeLessThan(1);
      }
      expect(group!.hours.logits).toBeCloseTo(hours.logits! / 4, 12);
      expect(group!.money!.logits).toBeCloseTo(group!.hours.logits! * 4 * 3, 12);
      expect(group!.money!.training).toBeCloseTo(group!.hours.training * 4 * 3, 12);
    });

    it('counts what a halving trains of each', async () => {
      const path = withStudents(
        ...[0, 1, 2].map(() => ({ parts: 8, epochs: 6, validateEvery: 2, workers: { max: 2 } })),
      );
      const run = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(path, JSON.stringify({ ...run, halving: { rungs: [2] } }));
      const { group } = await plan(path, '--workers', '2', '--price', '3');
      // Three of two epochs, then one of the other four; each alone would take six.
      const [{ hours: whole } = { hours: NaN }] = group!.trainings;
      expect(group!.hours.training).toBeCloseTo((whole * (3 * 2 + 4)) / 6, 12);
      expect(group!.money!.training).toBeCloseTo(group!.hours.training * 2 * 3, 12);
    });

    it('takes longer over a slower link, and one worker exchanges nothing', async () => {
      const path = withStudents({ parts: 8 });
      const [slow, fast] = [
        await plan(path, '--workers', '2', '--link', '10Gb/s'),
        await plan(path, '--workers', '2', '--link', 'nvlink'),
      ];
      expect(slow.group!.hours.training).toBeGreaterThan(fast.group!.hours.training);
      const alone = await plan(path, '--workers', '1');
      expect(alone.group!.trainings[0]).toMatchObject({
        efficiency: 1,
        limit: null,
        sentBytes: { step: 0, training: 0 },
      });
      expect((await plan(path)).group).toBeNull();
    });

    it('exchanges the gradients of the trained parameters alone', async () => {
      const { checkpoint } = writeUntrainedTeacher(folder, 'vocabulary.csv', 8);
      const frozen = { init: checkpoint, train: 'head' };
      const { trainings } = await plan(withStudents(frozen));
      // Norm and output layer, width 16, six classes.
      expect(trainings[0]!.trainedParameters).toBe(2 * 16 + 16 * 6 + 6);
    });

    it('reads well', async () => {
      const path = withStudents({ parts: 8 });
      printed.text = '';
      const given = ['--clips', 'train=1000', '--workers', '2', '--price', '1000'];
      expect(await ced(['plan', path, '--root', folder, ...given])).toBe(0);
      const [head, columns, row] = printed.text.split('\n').slice(-7);
      expect(head).toBe(
        'On 2 workers, 100Gb/s between them (--link), 300 GB/s of memory in each (--memory):',
      );
      expect(columns?.trim().split(/ {2,}/)).toEqual([
        ...['time', 'efficiency', 'limit', 'computing', 'exchange', 'Adam'],
        ...['sent a step', 'in all'],
      ]);
      expect(row).toMatch(/^ {2}s0 +under 1 s +0\.\d\d {2}the link( +0\.\d\d ms){3} /);
      expect(printed.text).toMatch(/\n {2}money +\d+, of it \d+ for training \(--price\)\n$/);
    });

    it('refuses more workers than a batch has parts, with the remedy for each', async () => {
      const path = withStudents({ parts: 4 }, {}, { gradientAccumulation: 8, batchSize: 4 });
      const failure = await ced(['plan', path, '--root', folder, '--workers', '4']).catch(
        describeFailure,
      );
      expect(failure).toBe(
        '--workers 4: each worker computes at least one part of a batch: s1 has 1 part in a ' +
          'batch (set students[1].parts to 4 or more); s2 has 2 parts in a batch (set ' +
          'students[2].parts to 4 and students[2].batchSize to 8 or more)',
      );
      expect(await ced(['plan', path, '--price', '2']).catch(describeFailure)).toBe(
        '--price goes with --workers',
      );
      expect(await ced(['plan', path, '--workers', '2', '--link', 'string']).catch(describeFailure))
        .toMatch(/^--link string: expected 10Gb\/s, /); // prettier-ignore
    });
  });

  it('goes without the time of a teacher that is not there yet', async () => {
    const run = runFile();
    rmSync(join(folder, 'teacher'), { recursive: true });
    expect(await ced(['plan', run, '--root', folder])).toBe(1);
    expect(printed.text).toMatch(
      /teachers +a \(size not known here\)\n {2}logits +36 rows, 432 B, time unknown/,
    );
  });
});

describe('an estimate', () => {
  it('of the paper’s logits on two million clips is the measured 40 bytes a row', () => {
    expect(logitBytes(1e6, 20) / 1e6).toBe(40);
  });

  it('cuts clips as the store does: a remainder of half a chunk counts', () => {
    expect(estimateSplit(100, 30, 10, [15, 14])).toEqual({
      clips: 100,
      shards: 4,
      chunks: 150,
      audioBytes: 100 * 14.5 * 32_000,
    });
    expect(estimateSplit(100, 30, 10, [15, 14], [48_000]).audioBytes).toBe(100 * 14.5 * 128_000);
  });

  it('of a halving is at most that of its costliest students going on', () => {
    const trainings = [100, 300, 200].map((operations) => ({ epochs: 10, operations }));
    expect(trainingOperations(trainings)).toBe(600);
    // Two epochs of all, three more of the two largest, five more of the largest.
    expect(trainingOperations(trainings, { rungs: [2, 5], eta: 1.5 })).toBe(
      2 * 60 + 3 * 50 + 5 * (30 + 20),
    );
    expect(trainingOperations(trainings, { rungs: [2, 5], eta: 2 })).toBe(2 * 60 + 3 * 50 + 5 * 30);
  });

  it('keeps two checkpoints with moments, the best weights and the model', () => {
    const { students } = distillRunSchema.parse(JSON.parse(readFileSync(runFile(), 'utf8')));
    const { parameters, checkpointBytes, steps } = estimateTraining(students[0]!, 10, 0.5, [
      { name: 'x' },
    ]);
    expect(steps).toBe(15);
    expect(checkpointBytes).toBe(4 * parameters * 11);
  });
});
