import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TeacherPair } from '../../ced/metrics/teacher-agreement';
import { encodeWav } from '../../ced/audio/wav-file';
import { FolderStore } from '../../storage/folder-store';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import type { RunResult } from '../../workflows/contract/activities';
import { wavBytes } from '../ced/audio/wav-bytes';
import { Cluster } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { statusOf } from '../support/small-run';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import { energyOnnx } from '../ced/teachers/energy-onnx';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { savedModelBytes } from '../ced/teachers/saved-model-bytes';

const student = {
  model: { embedDim: 32, depth: 1, heads: 2 },
  epochs: 2,
  batchSize: 8,
  warmupSteps: 2,
  mixup: 0,
};

/** Whole runs, by a server and a worker, whose targets come from elsewhere than CED teachers. */
describe('a run of worker and server', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start();
    await cluster.worker('all');
  });
  afterAll(async () => cluster?.stop());

  const distill = async (run: { name: string } & Record<string, unknown>): Promise<RunResult> => {
    const input = {
      taskQueue: 'ced',
      workflowId: run.name,
      args: [{ store: `store-${run.name}`, ...run }],
    };
    return (await cluster.client.workflow.execute('distill', input)) as RunResult;
  };

  it('distills a CED, an ONNX and a SavedModel teacher, scored and compared in pairs', async () => {
    const {
      train,
      validation,
      eval: evaluation,
      vocabulary,
    } = writeToneCorpus(cluster.folder, { train: 24, validation: 8, eval: 8 });
    const at = (file: string): string => join(cluster.folder, file);
    writeFileSync(at('means.onnx'), onnxBytes([20, 0, -30, 5, 3, -1]));
    mkdirSync(at('saved'));
    writeFileSync(at('saved/saved_model.pb'), savedModelBytes([-8, 9, 40, 1, 2, -3]));
    const waveform = { vocabulary, output: 'logits', spectrogramMasks: 'skip' };
    const result = await distill({
      name: 'mixed',
      corpus: { train, validation, eval: evaluation, vocabulary, clipsPerShard: 10 },
      teachers: [
        { ...writeUntrainedTeacher(cluster.folder, vocabulary, 3), weight: 2 },
        { name: 'onnx', checkpoint: 'means.onnx', format: 'onnx', ...waveform },
        { name: 'saved', checkpoint: 'saved', format: 'savedmodel', ...waveform },
      ],
      logits: { views: 2, topK: 4, chunkSeconds: 1 },
      students: [{ name: 's', ...student }],
    });
    expect(result.logits).toMatchObject({ rows: 48, views: 2 });
    expect(result.teachers.map(({ name }) => name)).toEqual(['untrained-3', 'onnx', 'saved']);
    for (const { mAP } of [...result.teachers, result.ensemble]) expect(mAP).toBeGreaterThan(0);
    expect(result.teacherAgreement?.map(({ between }) => between.join())).toEqual([
      'untrained-3,onnx',
      'untrained-3,saved',
      'onnx,saved',
    ]);
    const store = new FolderStore(at('store-mixed'));
    const manifests = (await store.list(`logits/${result.logits?.key}/`)).filter((key) =>
      /[0-9a-f]{64}\.json$/.test(key),
    );
    expect(manifests).toHaveLength(3);
    for (const key of manifests) {
      const { agreement } = JSON.parse(Buffer.from((await store.read(key)) ?? '').toString()) as {
        agreement: TeacherPair[];
      };
      expect(agreement.map(({ between }) => between)).toEqual([
        [0, 1],
        [0, 2],
        [1, 2],
      ]);
    }
  });

  it('gives a teacher tones above 8 kHz at its own rate, beside one at 16 kHz', async () => {
    const folder = join(cluster.folder, 'rates');
    mkdirSync(folder);
    const within = (file: string): string => `rates/${file}`;
    writeFileSync(join(folder, 'v.csv'), 'index,mid,display_name\n0,,above\n1,,below\n');
    for (const [split, clips] of [
      ['train', 12],
      ['validation', 8],
      ['eval', 8],
    ] as const)
      writeFileSync(
        join(folder, `${split}.jsonl`),
        Array.from({ length: clips }, (_, clip) => {
          const isHigh = clip % 3 === 0;
          const low = 6000 + 300 * clip + 17 * split.length;
          const pcm = Int16Array.from({ length: 48_000 }, (__, n) => {
            const turn = (2 * Math.PI * n) / 48_000;
            const high = isHigh ? 6000 * Math.sin(12_000 * turn) : 0;
            return Math.round(low * Math.sin(440 * turn) + high);
          });
          writeFileSync(join(folder, `${split}-${clip}.wav`), encodeWav(pcm, { rate: 48_000 }));
          const labels = isHigh ? [0, 1] : [1];
          return JSON.stringify({
            clip: `${split}-${clip}`,
            audio: `${split}-${clip}.wav`,
            labels,
          });
        }).join('\n'),
      );
    writeFileSync(join(folder, 'wide.onnx'), energyOnnx(8300, 32_000, 300));
    writeFileSync(join(folder, 'narrow.onnx'), energyOnnx(7200, 16_000, 300));
    const waveform = { format: 'onnx', vocabulary: within('v.csv'), output: 'logits' };
    const result = await distill({
      ...{ name: 'rates', store: 'store-rates' },
      corpus: {
        ...{ train: within('train.jsonl'), validation: within('validation.jsonl') },
        ...{ eval: within('eval.jsonl'), vocabulary: within('v.csv'), clipsPerShard: 5 },
      },
      teachers: [
        { name: 'wide', checkpoint: within('wide.onnx'), sampleRate: 32_000, ...waveform },
        { name: 'narrow', checkpoint: within('narrow.onnx'), ...waveform },
      ],
      logits: {
        ...{ views: 2, topK: 2, chunkSeconds: 1 },
        augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } },
      },
      students: [{ name: 's', ...student }],
    });
    expect(result.logits).toMatchObject({ rows: 24 });
    const [wide, narrow] = result.teachers;
    expect(wide).toMatchObject({ name: 'wide', mAP: 1 });
    expect(narrow!.mAP).toBeLessThan(0.9);
    const store = new FolderStore(join(cluster.folder, 'store-rates'));
    const manifests = await store.list('ingest/');
    const further = manifests.filter((key) => key.endsWith('-32000.json'));
    // Three shards of train, two of each other split.
    expect([manifests.length, further.length]).toEqual([14, 7]);
  });

  it('follows the teachers that labelled validation speaks for, if it is asked to', async () => {
    const at = (file: string): string => join(cluster.folder, 'evidence', file);
    mkdirSync(at('audio'), { recursive: true });
    writeFileSync(at('classes.csv'), 'index,mid,display_name\n0,,"Above"\n1,,"Below"\n');
    // These networks take in the mean of the samples alone.
    writeFileSync(at('right.onnx'), onnxBytes([20, -20]));
    writeFileSync(at('wrong.onnx'), onnxBytes([-20, 20]));
    const writeTable = (split: string, clips: number, labelled: boolean): string => {
      const rows = Array.from({ length: clips }, (_, clip) => {
        const level = (clip % 2 === 0 ? 1 : -1) * ((split === 'train' ? 1070 : 1000) + 200 * clip);
        const wave = Int16Array.from({ length: 16_000 }, (__, sample) =>
          Math.round(level + 800 * Math.sin(sample / (9 + clip))),
        );
        writeFileSync(at(`audio/${split}-${clip}.wav`), encodeWav(wave));
        const labels = labelled ? { labels: [clip % 2] } : {};
        return JSON.stringify({
          clip: `${split}-${clip}`,
          audio: `audio/${split}-${clip}.wav`,
          ...labels,
        });
      });
      writeFileSync(at(`${split}.jsonl`), rows.join('\n'));
      return `evidence/${split}.jsonl`;
    };
    const corpus = {
      train: writeTable('train', 8, false),
      validation: writeTable('validation', 30, true),
      vocabulary: 'evidence/classes.csv',
    };
    const teacher = (name: string) => ({
      ...{ name, checkpoint: `evidence/${name}.onnx`, format: 'onnx', output: 'logits' },
      ...{ vocabulary: 'evidence/classes.csv', spectrogramMasks: 'skip' },
    });
    const run = (name: string, names: string[], fields: object = {}) => ({
      ...{ name, store: 'store-evidence', corpus, teachers: names.map(teacher) },
      logits: { views: 2, topK: 2, chunkSeconds: 1 },
      students: [{ name: 's', ...student }],
      ...fields,
    });
    const handle = await cluster.client.workflow.start('distill', {
      ...{ taskQueue: 'ced', workflowId: 'evidence' },
      args: [run('evidence', ['wrong', 'right'], { ensemble: 'greedy' })],
    });
    const result = (await handle.result()) as RunResult;
    await recordHistory(handle, 'distill-greedy');
    expect(result.ensemble.fit).toMatchObject({
      ...{ search: 'greedy', clips: 30, fitted: true },
      teachers: [
        { name: 'wrong', before: 0.5, weight: 0 },
        { name: 'right', before: 0.5, weight: 1 },
      ],
    });
    expect(result.ensemble.fit?.gain.low).toBeGreaterThan(0);
    expect(result.teachers.map(({ name }) => name)).toEqual(['right']);
    const { notes } = await statusOf(handle);
    expect(notes).toContainEqual(
      expect.stringMatching(/^ensemble: greedy chose wrong 0\.000, right 1\.000; it gains 0\./),
    );
    const report = await new FolderStore(join(cluster.folder, 'store-evidence')).read(
      'runs/evidence/report.html',
    );
    expect(Buffer.from(report ?? '').toString()).toContain('Ensemble weights');
    // The logits are those of the chosen weights, wherever these came from.
    const alone = await distill(run('alone', ['right']));
    expect(alone.logits?.key).toBe(result.logits?.key);
    expect(alone.ensemble.fit).toBeUndefined();
    const unlabelled = { ...corpus, validation: corpus.train };
    await expect(
      distill(run('unlabelled', ['right'], { ensemble: 'weighted', corpus: unlabelled })),
    ).rejects.toMatchObject({
      cause: expect.objectContaining({
        type: 'RunFileInvalid',
        message: expect.stringMatching(
          /ensemble: weighted fits weights to labels, and 8 of 8 clips of corpus\.validation/,
        ) as unknown,
      }) as unknown,
    });
  });

  it('says at its gate that the ensemble is below what labels alone give', async () => {
    const corpus = writeToneCorpus(cluster.folder, { train: 48, validation: 24, eval: 6 });
    const common = { store: 'store-labels', corpus };
    const learner = { name: 'from-labels', ...student, epochs: 16, learningRate: 4e-3 };
    const learned = (await cluster.client.workflow.execute('teach', {
      ...{ taskQueue: 'ced', workflowId: 'from-labels' },
      args: [{ ...common, name: 'from-labels', chunkSeconds: 1, teachers: [learner] }],
    })) as RunResult;
    const fromLabels = `store-labels/models/${learned.students[0]?.sha256}`;
    const run = (name: string, teacher: object) => ({
      ...{ ...common, name, fromLabels, teachers: [teacher] },
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: [{ name: 's', ...student }],
    });
    const handle = await cluster.client.workflow.start('distill', {
      ...{ taskQueue: 'ced', workflowId: 'below' },
      args: [run('below', writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 3))],
    });
    const { hints = [], teachers } = (await handle.result()) as RunResult;
    await recordHistory(handle, 'distill-from-labels');
    const hint = hints.find(({ kind }) => kind === 'below labels');
    expect(hint?.value).toBeGreaterThan(0.1);
    expect(hint?.text).toMatch(/^the ensemble \(0\.\d{4}\) is below what .* 24 validation clips: /);
    expect(teachers.map(({ name }) => name)).toEqual(['untrained-3']);
    const { notes, scores } = await statusOf(handle);
    expect(notes).toContain(hint?.text);
    expect(Object.keys(scores).sort()).toEqual(['student s', 'teacher untrained-3']);
    const equal = { name: 'trained', checkpoint: fromLabels, format: 'ced' };
    const same = await distill(run('same', equal));
    expect(same.hints?.map(({ kind }) => kind) ?? []).not.toContain('below labels');
    expect((await statusOf(cluster.client.workflow.getHandle('same'))).notes).toContainEqual(
      expect.stringMatching(/^fromLabels: labels alone give .* \(difference 0\.0000 ± 0\.0000\)$/),
    );
  });

  it('leaves out chunks of which a teacher says nothing, as many as the run allows', async () => {
    const folder = join(cluster.folder, 'silent');
    const corpus = writeToneCorpus(folder, { train: 12, validation: 4, eval: 4 });
    // Its mean is 0, of which the network gives logits of 0.
    const balanced = Int16Array.from({ length: 16_000 }, (_, at) => (at % 2 ? 5000 : -5000));
    writeFileSync(join(folder, 'audio/train-5.wav'), encodeWav(balanced));
    writeFileSync(join(folder, 'means.onnx'), onnxBytes([20, 0, -30, 5, 3, -1]));
    const within = (file: string): string => `silent/${file}`;
    const [train, validation, vocabulary] = [
      within(corpus.train),
      within(corpus.validation),
      within(corpus.vocabulary),
    ];
    const run = (name: string, maxRejected: number) => ({
      ...{ name, store: 'store-silent' },
      corpus: { train, validation, vocabulary, clipsPerShard: 4, maxRejected },
      teachers: [
        {
          ...{ name: 'means', checkpoint: within('means.onnx'), format: 'onnx', vocabulary },
          ...{ output: 'logits', spectrogramMasks: 'skip' },
        },
      ],
      logits: { views: 2, topK: 4, chunkSeconds: 1, augment: { shift: { probability: 0 } } },
      students: [{ name: 's', ...student }],
    });
    await expect(distill(run('refused', 0.05))).rejects.toMatchObject({
      cause: expect.objectContaining({
        type: 'TeacherInvalid',
        message: expect.stringMatching(
          /^1 of 12 chunks are left out .*train-5 chunk 0: means gives 0\.5 for every class\): more than corpus\.maxRejected = 0\.05 of them$/,
        ) as unknown,
      }) as unknown,
    });
    const result = await distill(run('told', 0.1));
    expect(result.logits).toMatchObject({ rows: 22, views: 2, leftOut: 1 });
    expect(result.students).toMatchObject([{ name: 's', bitExact: true }]);
  });

  it("trains from the authors' published logits, with no teacher at all", async () => {
    const classes = Array.from({ length: 527 }, (_, index) => ({
      mid: `/m/${index}`,
      name: `class ${index}`,
    }));
    const folder = join(cluster.folder, 'theirs');
    mkdirSync(folder);
    cpSync(join(__dirname, '../reference/published'), join(folder, 'published'), {
      recursive: true,
    });
    writeFileSync(join(folder, 'vocabulary.csv'), formatVocabularyCsv(classes));
    // As long as the clips behind the reference files, and one that was not published.
    const clips = {
      'clip0.wav': 160_000,
      'clip1.wav': 123_456,
      'clip2.wav': 95_000,
      'another.wav': 160_000,
    };
    const lines = Object.entries(clips).map(([file, samples], clip) => {
      const noise = Array.from(
        { length: samples },
        (_, at) => ((at * 7919 * (clip + 1)) % 2001) - 1000,
      );
      writeFileSync(join(folder, file), wavBytes([noise], { bits: 16 }));
      return JSON.stringify({ clip: `id-${clip}`, audio: file });
    });
    writeFileSync(join(folder, 'train.jsonl'), lines.join('\n'));
    const result = await distill({
      name: 'published',
      corpus: { train: 'theirs/train.jsonl', vocabulary: 'theirs/vocabulary.csv' },
      logits: { published: 'theirs/published' },
      students: [{ name: 's', ...student, batchSize: 2 }],
    });
    expect(result.logits).toMatchObject({ rows: 6, views: 2 });
    expect(result.teachers).toEqual([]);
    expect(result.students).toMatchObject([{ name: 's', bitExact: true }]);
  });
});
