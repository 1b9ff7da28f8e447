/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { int8Notes } from '../../cli/models/exports/onnx-export';
import { onnxSpeeds } from '../../cli/models/onnx-evaluation';
import { longestPieceSamples, onnxModel } from '../../ced/onnx/model-graph';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import { wavBytes } from '../ced/audio/wav-bytes';
import { referenceModel } from '../ced/parity/reference-vectors';
import { encodeHubParquet } from '../../tools/corpora/hub-parquet';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';
import { writeReferenceModel } from '../support/tagged-model';

interface Printed {
  file: string;
  longestSamples: null;
  clips: number | null;
  rejected: { clip: string }[];
  files: {
    precision: string;
    bytes: number;
    mAP?: number | null;
    latencyMs?: number;
    realTimeFactor?: number;
  }[];
}

describe('ced export', () => {
  let folder: string;
  let out: string;
  let table: string;
  let printed: CaughtOutput;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-export-'));
    out = join(folder, 'model.onnx');
    writeReferenceModel(folder);
    const lines = Array.from({ length: 6 }, (_, clip) => {
      const wave = Array.from({ length: 16_000 }, (_unused, i) =>
        Math.round(7000 * Math.sin(i * 0.01 * (clip + 1))),
      );
      writeFileSync(join(folder, `${clip}.wav`), wavBytes([wave], { bits: 16 }));
      return JSON.stringify({
        clip: String(clip),
        audio: `${clip}.wav`,
        labels: [clip % 2 === 0 ? `sound ${clip}` : clip],
      });
    });
    table = join(folder, 'eval.jsonl');
    writeFileSync(table, `${lines.join('\n')}\n{"clip":"lost","audio":"lost.wav","labels":[0]}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = catchOutput('stdout');
  });
  afterEach(() => jest.restoreAllMocks());

  const run = async (...argv: string[]): Promise<Printed> => {
    expect(
      await ced(['export', '--model', folder, '--to', 'onnx', '--out', out, '--json', ...argv]),
    ).toBe(0);
    return documentedOutput<Printed>('export', printed.text);
  };

  it('writes a file that onnxruntime runs, named and sized in what it prints', async () => {
    const { file, files, longestSamples } = await run();
    expect(file).toBe(out);
    expect(longestSamples).toBeNull();
    expect(files).toEqual([{ precision: 'float32', bytes: readFileSync(out).length }]);
    for (const [outputName, extent] of [
      ['probabilities', 13],
      ['embedding', 48],
    ] as const) {
      const net = await loadOnnxNet(readFileSync(out), 1, { outputName });
      const { shape } = await net.run(new Float32Array(2 * 8000), 2, 8000);
      expect(shape).toEqual([2, extent]);
      net.dispose();
    }
  });

  it('writes a LiteRT file of one window, and its labels beside it', async () => {
    const tflite = join(folder, 'mine.tflite');
    const argv = ['export', '--model', folder, '--to', 'tflite', '--out', tflite];
    expect(await ced([...argv, '--json'])).toBe(0);
    const bytes = readFileSync(tflite);
    expect(documentedOutput('export', printed.text)).toEqual({
      formatVersion: 1,
      file: tflite,
      bytes: bytes.length,
      samples: 160_000,
    });
    expect(bytes.toString('latin1', 4, 8)).toBe('TFL3');
    const labels = JSON.parse(readFileSync(join(folder, 'mine.labels.json'), 'utf8')) as unknown;
    expect(labels).toMatchObject({ windowSeconds: 10 });
    for (const [option, said] of [
      [['--int8'], '--int8: goes with --to onnx and web, not tflite'],
      [['--eval', table], '--eval: goes with --to onnx, not tflite'],
    ] as [string[], string][])
      await expect(ced([...argv, ...option])).rejects.toThrow(said);
  });

  it('writes rate, window and class names beside the file', async () => {
    await run();
    const labels = JSON.parse(readFileSync(join(folder, 'model.labels.json'), 'utf8')) as unknown;
    expect(labels).toEqual({
      formatVersion: 1,
      sampleRate: 16_000,
      windowSeconds: 10,
      shortestSamples: 2400,
      classes: Array.from({ length: 13 }, (_, at) => ({ name: `sound ${at}`, threshold: null })),
    });
  });

  it('times int8 beside float32 without a table too', async () => {
    const { clips, files } = await run('--int8');
    expect(clips).toBeNull();
    expect(files.map(({ precision }) => precision)).toEqual(['float32', 'int8']);
    for (const { latencyMs, realTimeFactor } of files)
      expect(realTimeFactor).toBeCloseTo(latencyMs! / 10_000, 9);
  });

  it('times a chunk that is longer than a piece by what it ran', async () => {
    const { config, weights } = referenceModel();
    const file = onnxModel(config, weights, { precision: 'float32' });
    const [speed] = await onnxSpeeds([file], config, 60);
    const seconds = longestPieceSamples(config) / 16_000;
    expect(seconds).toBeLessThan(20);
    expect(speed!.realTimeFactor).toBeCloseTo(speed!.latencyMs / 1000 / seconds, 9);
  });

  it('says when int8 is not smaller or not faster', () => {
    const float32 = { precision: 'float32', bytes: 4_000_000, latencyMs: 40 } as const;
    const int8 = { precision: 'int8', bytes: 1_000_000, latencyMs: 30 } as const;
    expect(int8Notes(float32, int8)).toEqual([]);
    expect(int8Notes(float32, { ...int8, bytes: 4_100_000 })).toEqual([
      'int8 is not smaller: 4.10 MB, float32 4.00 MB',
    ]);
    expect(int8Notes(float32, { ...int8, latencyMs: 55 })).toEqual([
      'int8 is not faster on this machine: 55.0 ms a chunk on one core, float32 40.0 ms',
    ]);
  });

  it('scores segments, rows of Parquet files and one channel of several as runs do', async () => {
    const tone = (step: number): number[] =>
      Array.from({ length: 16_000 }, (_, i) => Math.round(7000 * Math.sin(i * step)));
    const clips = [0.01, 0.05].map(tone);
    const rowsOf = (audio: (index: number) => object): string =>
      clips
        .map((_, at) => `${JSON.stringify({ clip: `c${at}`, labels: [at], ...audio(at) })}\n`)
        .join('');
    writeFileSync(join(folder, 'long.wav'), wavBytes([clips.flat()], { bits: 16 }));
    writeFileSync(
      join(folder, 'both.parquet'),
      encodeHubParquet(
        clips.map((clip, label) => {
          const bytes = wavBytes([clip], { bits: 16 });
          return { audio: { bytes, path: `${label}.wav` }, label };
        }),
        { names: ['sound 0', 'sound 1'], rowGroupSize: 2 },
      ),
    );
    for (const [at, clip] of clips.entries()) {
      const inverted = clip.map((sample) => -sample);
      writeFileSync(join(folder, `plain-${at}.wav`), wavBytes([clip], { bits: 16 }));
      writeFileSync(join(folder, `inverted-${at}.wav`), wavBytes([clip, inverted], { bits: 16 }));
    }
    const mAPs: unknown[] = [];
    for (const [audio, ...options] of [
      [(at: number) => ({ audio: `plain-${at}.wav` })],
      [(at: number) => ({ audio: 'long.wav', start: at, end: at + 1 })],
      [(row: number) => ({ audio: 'both.parquet', row })],
      [(at: number) => ({ audio: `inverted-${at}.wav` }), '--channels', 'first'],
    ] as [(at: number) => object, ...string[]][]) {
      printed.text = '';
      writeFileSync(join(folder, 'scored.jsonl'), rowsOf(audio));
      const result = await run('--eval', join(folder, 'scored.jsonl'), ...options);
      expect(result).toMatchObject({ clips: 2, rejected: [] });
      mAPs.push(result.files[0]!.mAP);
    }
    expect(mAPs).toEqual(mAPs.map(() => mAPs[0]));
  });

  it('scores int8 beside float32 on a labelled table: mAP, bytes, time of a chunk', async () => {
    const { clips, rejected, files } = await run('--int8', '--eval', table);
    expect(clips).toBe(6);
    expect(rejected.map(({ clip }) => clip)).toEqual(['lost']);
    const [float32, int8] = files as [Printed['files'][0], Printed['files'][0]];
    expect([float32.precision, int8.precision]).toEqual(['float32', 'int8']);
    expect(int8.bytes).toBeLessThan(float32.bytes);
    expect(readFileSync(out)).toHaveLength(int8.bytes);
    for (const { mAP, latencyMs, realTimeFactor } of files) {
      expect(mAP).toBeGreaterThan(0);
      expect(mAP).toBeLessThanOrEqual(1);
      expect(realTimeFactor).toBeCloseTo(latencyMs! / 10_000, 9);
    }
  });

  it('writes text for people', async () => {
    expect(await ced(['export', '--model', folder, '--out', out, '--eval', table])).toBe(0);
    expect(printed.text).toMatch(
      /^.*model\.onnx {2}[\d.]+ [kM]B\n\non 6 clips \(1 rejected, the first: lost: .*\)\n {2}float32 {2}mAP 0\.\d{4}/,
    );
  });

  it('says in one line what it was not given', async () => {
    const complaint = async (...argv: string[]): Promise<string> =>
      await ced(['export', ...argv]).then(() => 'none', describeFailure);
    expect(await complaint()).toMatch(/^--model: nothing given, expected a folder with/);
    expect(await complaint('--model', folder)).toMatch(
      /^--out: nothing given, expected the file to write/,
    );
    expect(await complaint('--model', folder, '--out', out, '--to', 'coreml')).toBe(
      '--to coreml: expected onnx, transformers, sherpa, web or tflite',
    );
    writeFileSync(join(folder, 'odd.jsonl'), '{"clip":"0","audio":"0.wav","labels":["thunder"]}\n');
    expect(
      await complaint('--model', folder, '--out', out, '--eval', join(folder, 'odd.jsonl')),
    ).toMatch(/0 is labelled thunder, which is no class of the model/);
  });
});
