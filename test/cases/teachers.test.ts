/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { openEngine } from '../../ced/engine/engine';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { waveformProbabilities } from '../../ced/teachers/waveform-net';
import { loadWaveformNet, readWaveformManifest } from '../../storage/models/waveform-folder';
import { onnxBytes } from '../ced/teachers/onnx-bytes';

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

  async function imported(bytes: Uint8Array, outputName?: string) {
    writeFileSync(join(folder, 'net.onnx'), bytes);
    return await importModels(localDependencies(folder), {
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
          ...(outputName === undefined ? {} : { outputName }),
        },
      ],
    });
  }

  /** What it gives for clips, as a run loads and calls it. */
  async function scoresOf(sha256: string, pcm: Int16Array, batch: number): Promise<number[]> {
    const store = localDependencies(folder).openStore('store');
    const manifest = await readWaveformManifest(store, sha256);
    const net = await loadWaveformNet(store, openEngine(), sha256, manifest!);
    const input = { pcm, batch, samples: pcm.length / batch, masks: null };
    const output = { output: 'probabilities', classes: 6 } as const;
    const scores = [...(await waveformProbabilities(net, output, input))];
    net.dispose();
    return scores;
  }

  const pcm = Int16Array.from({ length: 3 * SAMPLES }, (_, at) => ((at * 7919) % 8000) - 3000);

  it.each<[string, string, string[] | undefined]>([
    ['a batch of one', 'M01_batch1', ['it takes one clip at a time, and is run so']],
    ['frames of classes', 'M08_frames', undefined],
    ['a waveform without a batch', 'M09_rank1', ['it takes one clip at a time, and is run so']],
    ['float16', 'M12_fp16', ['it computes in float16: values are cast']],
    ['a batch axis that is squeezed away', 'M14_squeeze', undefined],
  ])(
    'with %s is read, and gives for three clips what it gives for each',
    async (_what, name, told) => {
      const { teachers, notes } = await imported(ofCase(name));
      expect(notes).toEqual(told?.map((note) => `teachers[0]: ${note}`));
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
    it('is refused with the names of both', async () => {
      await expect(imported(ofCase('M04_two_out'))).rejects.toMatchObject({
        code: 'TeacherInvalid',
        message:
          `teachers[0].checkpoint: ${folder}/net.onnx: it takes x and gives f, scores, ` +
          'expected one waveform in and one output; say with outputName which of them is meant ' +
          '(x float32 [B, T]; f float32 [B, 4]; scores float32 [B, 6])',
      });
    });

    it('is read where outputName says which', async () => {
      const { teachers } = await imported(ofCase('M04_two_out'), 'scores');
      expect(await scoresOf(teachers[0]!.sha256, pcm, 3)).toHaveLength(18);
    });

    it('is refused where outputName is none of them, or gives no classes', async () => {
      await expect(imported(ofCase('M04_two_out'), 'clipwise')).rejects.toThrow(
        /none of which is outputName 'clipwise' \(/,
      );
      await expect(imported(ofCase('M04_two_out'), 'f')).rejects.toThrow(
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
  ])('that is fixed to %s is run so', async (_what, input, told) => {
    const { teachers, notes } = await imported(onnxBytes(gains, { input }));
    expect(notes).toEqual(told.map((note) => `teachers[0]: ${note}`));
    const scores = await scoresOf(teachers[0]!.sha256, pcm, 3);
    means(3, SAMPLES).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
  });

  it('of a fixed length gets a shorter chunk with silence behind it', async () => {
    const { teachers } = await imported(onnxBytes(gains, { input: ['batch', SAMPLES] }));
    const scores = await scoresOf(teachers[0]!.sha256, pcm.subarray(0, 12_000), 1);
    means(1, 12_000, SAMPLES).forEach((value, at) => expect(scores[at]).toBeCloseTo(value, 4));
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'takes shorter clips than a chunk',
      onnxBytes(gains, { input: ['batch', 8000] }),
      /it takes 8000 samples, not 1 clip of 16000 samples; set chunkSeconds to 0\.5$/,
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
