/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { openEngine } from '../../ced/engine/engine';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { waveformProbabilities } from '../../ced/teachers/waveform-net';
import { UNKNOWN_RATE } from '../../ced/teachers/waveform-probe';
import { loadWaveformNet, readWaveformManifest } from '../../storage/models/waveform-folder';
import { bytesOf, onnxBytes } from '../ced/teachers/onnx-bytes';
import { FRAME, pannsLike, yamnetLike } from '../ced/teachers/published-signatures';

const vocabulary = ['Low tone', 'Middle tone', 'High tone', 'Sweep', 'Noise', 'Clicks'].map(
  (name, index) => ({ mid: `/t/${index}`, name }),
);
const gains = [0.25, 0.5, 1, 2, 3, 4];
const SAMPLES = 16_000;

/** Networks of others: each is read and told how, or refused before anything is spent. */
describe('an ONNX teacher', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-case-'));
    writeFileSync(join(folder, 'classes.csv'), formatVocabularyCsv(vocabulary));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const ofCase = (name: string): Buffer => readFileSync(join(__dirname, 'onnx', `${name}.onnx`));

  async function imported(bytes: Uint8Array, fields: object = {}) {
    writeFileSync(join(folder, 'net.onnx'), bytes);
    const result = await importModels(localDependencies(folder), {
      store: 'store',
      vocabulary: 'classes.csv',
      inits: [],
      chunkSeconds: 1,
      teachers: [
        {
          name: 'net',
          format: 'onnx',
          checkpoint: 'net.onnx',
          output: 'probabilities',
          vocabulary: 'classes.csv',
          weight: 1,
          spectrogramMasks: 'skip',
          ...fields,
        },
      ],
    });
    // That nothing says the sample rate is told of most of them, see test/jobs/try-teachers.
    const told = result.notes?.filter((note) => !note.includes(UNKNOWN_RATE)) ?? [];
    return { ...result, told };
  }

  /** What it gives for clips, as a run loads and calls it. */
  async function scoresOf(sha256: string, pcm: Int16Array, batch: number): Promise<number[]> {
    const store = localDependencies(folder).openStore('store');
    const manifest = await readWaveformManifest(store, sha256);
    const net = await loadWaveformNet(store, openEngine(), sha256, manifest!);
    const input = { pcm, batch, samples: pcm.length / batch, masks: null };
    const output = { ...manifest!, classes: 6 };
    const scores = [...(await waveformProbabilities(net, output, input))];
    net.dispose();
    return scores;
  }

  const pcm = Int16Array.from({ length: 3 * SAMPLES }, (_, at) => ((at * 7919) % 8000) - 3000);

  it.each<[string, string, string[]]>([
    ['a batch of one', 'M01_batch1', ['it takes one clip at a time, and is run so']],
    ['frames of classes', 'M08_frames', []],
    ['a waveform without a batch', 'M09_rank1', ['it takes one clip at a time, and is run so']],
    ['float16', 'M12_fp16', ['it computes in float16: values are cast']],
    ['a batch axis that is squeezed away', 'M14_squeeze', []],
  ])(
    'with %s is read, and gives for three clips what it gives for each',
    async (_what, name, notes) => {
      const { teachers, told } = await imported(ofCase(name));
      expect(told).toEqual(notes.map((note) => `teachers[0]: ${note}`));
      const { sha256 } = teachers[0]!;
      const together = await scoresOf(sha256, pcm, 3);
      const alone = await Promise.all(
        [0, 1, 2].map((row) =>
          scoresOf(sha256, pcm.subarray(row * SAMPLES, (row + 1) * SAMPLES), 1),
        ),
      );
      expect(together).toHaveLength(18);
      together.forEach((value, at) => expect(value).toBeCloseTo(alone.flat()[at]!, 3));
      expect(new Set(together).size).toBeGreaterThan(2);
    },
  );

  describe('with two outputs', () => {
    it('is read for the one that has its classes, and tells which', async () => {
      const { teachers, told } = await imported(ofCase('M04_two_out'));
      expect(told).toEqual([
        'teachers[0]: of its 2 outputs scores is taken, the only one of its classes',
      ]);
      const named = await imported(ofCase('M04_two_out'), { outputName: 'scores' });
      expect(await scoresOf(teachers[0]!.sha256, pcm, 3)).toEqual(
        await scoresOf(named.teachers[0]!.sha256, pcm, 3),
      );
    });

    it('is refused with the names of both where both have its classes', async () => {
      await expect(imported(onnxBytes(gains, { outputs: ['a', 'b'] }))).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message:
          `teachers[0].checkpoint: ${folder}/net.onnx: it takes waveform and gives a, b, ` +
          'expected one waveform in and one output; say with outputName which of them is meant ' +
          '(waveform float32 [batch, samples]; a float32 [batch, 6]; b float32 [batch, 6])',
      });
    });

    it('is read where outputName says which', async () => {
      const { teachers } = await imported(ofCase('M04_two_out'), { outputName: 'scores' });
      expect(await scoresOf(teachers[0]!.sha256, pcm, 3)).toHaveLength(18);
    });

    it('is refused where outputName is none of them, or gives no classes', async () => {
      await expect(imported(ofCase('M04_two_out'), { outputName: 'clipwise' })).rejects.toThrow(
        /none of which is outputName 'clipwise' \(/,
      );
      await expect(imported(ofCase('M04_two_out'), { outputName: 'f' })).rejects.toThrow(
        /it returned \[1, 4\] for 1 clip, its vocabulary has 6 classes$/,
      );
    });
  });

  const means = (batch: number, samples: number, length = samples): number[] =>
    Array.from({ length: batch }, (_, row) => {
      const clip = pcm.subarray(row * samples, (row + 1) * samples);
      const mean = clip.reduce((sum, value) => sum + value / 32_768, 0) / length;
      return gains.map((gain) => mean * gain);
    }).flat();

  it.each<[string, (string | number)[], string[]]>([
    ['a batch of four', [4, 'samples'], ['it takes 4 clips at a time, and is run so']],
    [
      'chunks of this length',
      ['batch', SAMPLES],
      [`it takes ${SAMPLES} samples: shorter chunks end in silence`],
    ],
  ])('that is fixed to %s is run so', async (_what, input, notes) => {
    const { teachers, told } = await imported(onnxBytes(gains, { input }));
    expect(told).toEqual(notes.map((note) => `teachers[0]: ${note}`));
    const scores = await scoresOf(teachers[0]!.sha256, pcm, 3);
    means(3, SAMPLES).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
  });

  /** Of the samples of `pcm` in these ranges, one after the other. */
  const meansOf = (...ranges: (readonly [number, number])[]): number[] => {
    const wave = ranges.flatMap(([from, to]) => [...pcm.subarray(from, to)]);
    const mean = wave.reduce((sum, value) => sum + value / 32_768, 0) / wave.length;
    return gains.map((gain) => mean * gain);
  };

  it.each<[string, object, (readonly [number, number])[]]>([
    // prettier-ignore
    ['side by side', {}, [[0, 6000], [6000, 12_000], [10_000, 16_000]]],
    // prettier-ignore
    ['a hop apart', { hopSeconds: 0.3125 }, [[0, 6000], [5000, 11_000], [10_000, 16_000]]],
  ])('of a shorter length than a chunk gets windows of it, %s', async (_what, fields, ranges) => {
    const { teachers, told } = await imported(onnxBytes(gains, { input: ['batch', 6000] }), fields);
    expect(told).toEqual([
      'teachers[0]: it takes 6000 samples: shorter chunks end in silence',
      'teachers[0]: it gets 3 windows of 6000 samples a chunk: their mean is taken',
    ]);
    const scores = await scoresOf(teachers[0]!.sha256, pcm.subarray(0, SAMPLES), 1);
    meansOf(...ranges).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
  });

  it('of any length gets windows where they are declared, and gives their maximum', async () => {
    const fields = { windowSeconds: 0.5, pool: 'max' };
    const { teachers } = await imported(onnxBytes(gains), fields);
    const scores = await scoresOf(teachers[0]!.sha256, pcm.subarray(0, SAMPLES), 1);
    const [first, second] = [meansOf([0, 8000]), meansOf([8000, 16_000])];
    first.forEach((value, at) => expect(scores[at]).toBeCloseTo(Math.max(value, second[at]!), 4));
  });

  describe('that says nothing of clips shorter than 0.6 s', () => {
    const bytes = onnxBytes(gains, { shortest: 9600 });
    const short = pcm.subarray(0, 8000);

    it.each<[string, object, string, (readonly [number, number])[], number]>([
      ['silence', {}, 'shorter chunks end in silence up to that', [[0, 8000]], 8000 / 9600],
      [
        'themselves',
        { pad: 'repeat' },
        'shorter chunks are repeated up to that',
        [
          [0, 8000],
          [0, 1600],
        ],
        1,
      ],
    ])('gets them with %s behind them', async (_what, fields, note, ranges, share) => {
      const { teachers, told } = await imported(bytes, fields);
      expect(told).toEqual([`teachers[0]: it says nothing of clips shorter than 0.6 s: ${note}`]);
      const scores = await scoresOf(teachers[0]!.sha256, short, 1);
      meansOf(...ranges).forEach((value, at) => expect(scores[at]).toBeCloseTo(value * share, 4));
      const whole = await scoresOf(teachers[0]!.sha256, pcm.subarray(0, 12_000), 1);
      meansOf([0, 12_000]).forEach((value, at) => expect(whole[at]).toBeCloseTo(value, 4));
    });

    it('gives zeros for them, which is no target, where it wants no padding', async () => {
      const { teachers, told } = await imported(bytes, { pad: 'none' });
      expect(told[0]).toMatch(/0\.6 s: shorter chunks are left out of the logits$/);
      expect(await scoresOf(teachers[0]!.sha256, short, 1)).toEqual(gains.map(() => 0));
    });
  });

  it('with the signature of YAMNet is read: frames of a waveform without a batch', async () => {
    const { teachers, told } = await imported(yamnetLike(gains));
    expect(told).toEqual([
      'teachers[0]: of its 3 outputs scores is taken, the only one of its classes',
      'teachers[0]: it takes one clip at a time, and is run so',
      'teachers[0]: it says nothing of clips shorter than 0.98 s: shorter chunks end in silence ' +
        'up to that',
    ]);
    const { sha256 } = teachers[0]!;
    const scores = await scoresOf(sha256, pcm.subarray(0, 2 * FRAME), 1);
    meansOf([0, 2 * FRAME]).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
    expect(new Set(await scoresOf(sha256, pcm.subarray(0, 5000), 1)).size).toBeGreaterThan(1);
  });

  it('with the signature of PANNs is read for its clipwise_output', async () => {
    const { teachers, told } = await imported(pannsLike(gains));
    expect(told).toEqual([
      'teachers[0]: of its 2 outputs clipwise_output is taken, the only one of its classes',
    ]);
    const scores = await scoresOf(teachers[0]!.sha256, pcm, 3);
    means(3, SAMPLES).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
    const published = await imported(pannsLike(gains), { sampleRate: 32_000 });
    expect(published.teachers[0]).toMatchObject({ sampleRate: 32_000 });
    expect(published.teachers[0]!.sha256).not.toBe(teachers[0]!.sha256);
  });

  it('is given audio at the rate that its metadata states, or the run file', async () => {
    const bytes = onnxBytes(gains, {
      input: ['batch', 48_000],
      metadata: { sample_rate: '48000' },
    });
    const { teachers, notes } = await imported(bytes);
    expect(teachers[0]).toMatchObject({ sampleRate: 48_000 });
    // A chunk of one second is as long as its input.
    expect(notes).toEqual(['teachers[0]: it takes 48000 samples: shorter chunks end in silence']);
    const store = localDependencies(folder).openStore('store');
    const manifest = await readWaveformManifest(store, teachers[0]!.sha256);
    expect(manifest?.sampleRate).toBe(48_000);
    const declared = await imported(bytes, { sampleRate: 32_000 });
    expect(declared.teachers[0]).toMatchObject({ sampleRate: 32_000 });
    expect(declared.notes?.[0]).toMatch(/its metadata says 48000 Hz, and sampleRate 32000, which/);
    expect((await imported(onnxBytes(gains))).teachers[0]).not.toHaveProperty('sampleRate');
  });

  describe('with values beside its file', () => {
    const bytes = onnxBytes(gains, {
      external: { location: 'net.onnx.data', offset: '4', length: '24' },
    });
    const data = Buffer.concat([Buffer.alloc(4), bytesOf(gains)]);
    const write = (content: Uint8Array): void =>
      writeFileSync(join(folder, 'net.onnx.data'), content);

    it('is stored with them, named by them, and gives what it gives as one file', async () => {
      write(data);
      const { teachers } = await imported(bytes);
      const { sha256, parameters } = teachers[0]!;
      expect(parameters).toBe(gains.length);
      const one = await imported(onnxBytes(gains));
      expect(await scoresOf(sha256, pcm, 3)).toEqual(
        await scoresOf(one.teachers[0]!.sha256, pcm, 3),
      );
      data[4] = data[4]! ^ 1;
      write(data);
      expect((await imported(bytes)).teachers[0]!.sha256).not.toBe(sha256);
    });

    it('is refused where they are not there, too few, or elsewhere', async () => {
      await expect(imported(bytes)).rejects.toMatchObject({
        code: 'RunFileInvalid',
        message: expect.stringMatching(
          /checkpoint: .*net\.onnx\.data cannot be read \(ENOENT\), expected the external data of net\.onnx$/,
        ) as string,
      });
      write(data.subarray(0, 20));
      await expect(imported(bytes)).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message: expect.stringMatching(
          /its net\.onnx\.data has 20 bytes, and its tensors 28$/,
        ) as string,
      });
      const elsewhere = mkdtempSync(join(tmpdir(), 'ced-elsewhere-'));
      writeFileSync(join(elsewhere, 'secret'), data);
      rmSync(join(folder, 'net.onnx.data'));
      symlinkSync(join(elsewhere, 'secret'), join(folder, 'net.onnx.data'));
      await expect(imported(bytes)).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message: expect.stringMatching(/is a link to another folder than its own$/) as string,
      });
      rmSync(elsewhere, { recursive: true });
    });
  });

  it('of a length that is usual at another rate is told, unless its rate is known', async () => {
    const long = onnxBytes(gains, { input: ['batch', 144_000] });
    expect((await imported(long)).notes?.[0]).toMatch(
      /^teachers\[0\]: it takes 144000 samples, 9 s at 16000 Hz, but 3 s at 48000 Hz is usual/,
    );
    const known = { metadata: { sampling_rate: '16000' }, input: ['batch', 144_000] };
    for (const { notes } of [
      await imported(long, { sampleRate: 16_000 }),
      await imported(onnxBytes(gains, known)),
    ])
      expect(notes?.join()).not.toMatch(/usual/);
  });

  it('keeps its name where the run file only says what is so without it', async () => {
    const [one, other] = [
      await imported(onnxBytes(gains)),
      await imported(onnxBytes(gains), { sampleRate: 16_000 }),
    ];
    expect(other.teachers).toEqual(one.teachers);
  });

  it('of a fixed length gets a shorter chunk with silence behind it', async () => {
    const { teachers } = await imported(onnxBytes(gains, { input: ['batch', SAMPLES] }));
    const scores = await scoresOf(teachers[0]!.sha256, pcm.subarray(0, 12_000), 1);
    means(1, 12_000, SAMPLES).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'says that it takes 500 Hz',
      onnxBytes(gains, { metadata: { sample_rate: '500' } }),
      /net\.onnx: it takes audio at 500 Hz, expected 1000 to 192000: say its sampleRate$/,
    ],
    [
      'takes spectrograms',
      onnxBytes(gains, { input: ['batch', 64, 'frames'] }),
      /expected a waveform \[batch, samples\]: spectrograms and .* \(waveform .*\[batch, 64, frames\]/,
    ],
    [
      'has fewer outputs than its classes',
      onnxBytes([1, 2]),
      /it returned \[1, 2\] for 1 clip, its vocabulary has 6 classes$/,
    ],
    [
      'Git LFS did not fetch',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid'),
      /net\.onnx: it is a Git LFS pointer, not an ONNX model; fetch the file with `git lfs pull`$/,
    ],
    [
      'is a file of torch.save',
      Buffer.from('PK\x03\x04'),
      /it is a file of torch\.save \(zip\), not an ONNX model/,
    ],
    [
      'is in gzip',
      gzipSync(onnxBytes(gains)),
      /it is gzip data, not an ONNX model; decompress it with gunzip$/,
    ],
    ['is empty', Buffer.alloc(0), /it is empty, not an ONNX model; fetch it again$/],
  ])('that %s is refused before anything is spent', async (_what, bytes, message) => {
    await expect(imported(bytes)).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(message) as string,
    });
  });
});
