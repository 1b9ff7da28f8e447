/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../../ced/engine/engine';
import { onnxParameterCount } from '../../../ced/teachers/onnx-file';
import { loadOnnxNet } from '../../../ced/teachers/onnx-net';
import { loadSavedModelNet, savedModelSignature } from '../../../ced/teachers/saved-model-net';
import { waveformProbabilities, type WaveformNet } from '../../../ced/teachers/waveform-net';
import { onnxBytes } from './onnx-bytes';
import { frameModelBytes, savedModelBytes } from './saved-model-bytes';

describe('a SavedModel', () => {
  let folder: string;
  let net: WaveformNet;
  const gains = [2, -3, 0.5];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-saved-'));
    writeFileSync(join(folder, 'saved_model.pb'), savedModelBytes(gains));
    net = loadSavedModelNet(openEngine(), folder, savedModelSignature(savedModelBytes(gains)));
  });
  afterAll(() => {
    net.dispose();
    rmSync(folder, { recursive: true });
  });

  const pcm = Int16Array.from({ length: 20 * 4 }, (_, at) => (at - 40) * 300);
  const means = Array.from(
    { length: 20 },
    (_, row) =>
      pcm.subarray(row * 4, row * 4 + 4).reduce((sum, value) => sum + value / 32_768, 0) / 4,
  );

  it('is run on waves of -1 to 1, more rows than it is given at once', async () => {
    const values = await waveformProbabilities(
      net,
      { output: 'probabilities', classes: 3 },
      { pcm, batch: 20, samples: 4, masks: null },
    );
    means.forEach((mean, row) =>
      gains.forEach((gain, index) => expect(values[row * 3 + index]).toBeCloseTo(mean * gain, 6)),
    );
  });

  it('that gives logits goes through a sigmoid', async () => {
    const values = await waveformProbabilities(
      net,
      { output: 'logits', classes: 3 },
      { pcm, batch: 20, samples: 4, masks: null },
    );
    means.forEach((mean, row) =>
      expect(values[row * 3]).toBeCloseTo(1 / (1 + Math.exp(-mean * 2)), 6),
    );
  });

  it('of several outputs is run for the one that outputName says', async () => {
    const bytes = savedModelBytes(gains, { outputs: { embedding: 'mean:0' } });
    expect(() => savedModelSignature(bytes)).toThrow(
      'it takes waveform and gives scores, embedding, expected one waveform in and one output; ' +
        'say with outputName which of them is meant (waveform float32 [?, ?]; ' +
        'scores float32 [?, 3]; embedding float32 [?, 1])',
    );
    const chosen = loadSavedModelNet(
      openEngine(),
      folder,
      savedModelSignature(bytes, { outputName: 'scores' }),
    );
    expect((await chosen.run(Float32Array.of(0.5, 1, 0, 0.5), 1, 4)).shape).toEqual([1, 3]);
    chosen.dispose();
  });

  it('of several outputs is run for the only one of its classes', () => {
    const bytes = savedModelBytes(gains, { outputs: { embedding: 'mean:0' } });
    expect(savedModelSignature(bytes, { classes: 3 }).layout.output.name).toBe('scores');
    expect(() => savedModelSignature(bytes, { classes: 4 })).toThrow(/say with outputName/);
  });

  it('takes windows of a waveform without a batch, and gives frames of classes', async () => {
    const bytes = frameModelBytes(gains, 4);
    writeFileSync(join(folder, 'saved_model.pb'), bytes);
    const frames = loadSavedModelNet(openEngine(), folder, savedModelSignature(bytes));
    const values = await waveformProbabilities(
      frames,
      { output: 'probabilities', classes: 3, windowSeconds: 4 / 16_000 },
      { pcm: pcm.subarray(0, 20), batch: 2, samples: 10, masks: null },
    );
    // Windows of 0 … 3, 4 … 7 and 6 … 9.
    const meanFrom = (start: number): number =>
      pcm.subarray(start, start + 4).reduce((sum, value) => sum + value / 32_768, 0) / 4;
    const mean = (meanFrom(0) + meanFrom(4) + meanFrom(6)) / 3;
    gains.forEach((gain, index) => expect(values[index]).toBeCloseTo(gain * mean, 6));
    expect(values).toHaveLength(6);
    frames.dispose();
  });

  it('leaves no tensor behind', async () => {
    const before = openEngine().tensorCount;
    for (let run = 0; run < 5; run++) await net.run(new Float32Array(8), 2, 4);
    expect(openEngine().tensorCount).toBe(before);
  });

  it('of another number of classes than its vocabulary is refused', async () => {
    const run = waveformProbabilities(
      net,
      { output: 'logits', classes: 4 },
      { pcm, batch: 20, samples: 4, masks: null },
    );
    await expect(run).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringContaining('its vocabulary has 4 classes') as unknown,
    });
  });

  it('without serving_default is refused, and so are other bytes', () => {
    expect(() => savedModelSignature(savedModelBytes(gains, { signature: 'other' }))).toThrow(
      'no signature serving_default',
    );
    expect(() => savedModelSignature(Buffer.from('not a model'))).toThrow(/saved_model\.pb/);
  });
});

describe('an ONNX file', () => {
  const gains = [0.25, -0.5, 4];
  const input = {
    pcm: Int16Array.from({ length: 20 * 4 }, (_, at) => (at - 40) * 300),
    batch: 20,
    samples: 4,
    masks: null,
  };

  it('is run on waves of -1 to 1, more rows than it is given at once', async () => {
    const net = await loadOnnxNet(onnxBytes(gains), 1);
    const values = await waveformProbabilities(net, { output: 'probabilities', classes: 3 }, input);
    for (let row = 0; row < 20; row++) {
      const mean =
        input.pcm.subarray(row * 4, row * 4 + 4).reduce((sum, value) => sum + value / 32_768, 0) /
        4;
      gains.forEach((gain, index) => expect(values[row * 3 + index]).toBeCloseTo(mean * gain, 6));
    }
    net.dispose();
  });

  it('tells how many numbers its initializers hold', () => {
    expect(onnxParameterCount(onnxBytes(gains))).toBe(3);
    expect(() => onnxParameterCount(Buffer.from('nothing of the kind'))).toThrow(RangeError);
    expect(() => onnxParameterCount(onnxBytes(gains, { isExternal: true }))).toThrow(
      /another file \(external data\); save it as one file/,
    );
  });

  it('with two outputs is refused, and so are other bytes', async () => {
    await expect(loadOnnxNet(onnxBytes(gains, { outputs: ['a', 'b'] }), 1)).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringContaining('gives a, b, expected one waveform') as unknown,
    });
    await expect(loadOnnxNet(Buffer.from('nothing of the kind'), 1)).rejects.toMatchObject({
      code: 'TeacherInvalid',
    });
  });
});
