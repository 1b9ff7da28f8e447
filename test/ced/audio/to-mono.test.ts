import type { AudioBlock } from '../../../ced/audio/audio-block';
import { resample } from '../../../ced/audio/resample';
import { SampleMemory } from '../../../ced/audio/sample-memory';
import { positionAtRate } from '../../../ced/audio/sample-rates';
import { toMono, toMono16k } from '../../../ced/audio/to-mono';
import { blocksOf } from './decoded-whole';

const sine = (hertz: number, rate: number, samples: number, amplitude = 0.5): Float32Array =>
  Float32Array.from(
    { length: samples },
    (_, n) => amplitude * Math.sin((2 * Math.PI * hertz * n) / rate),
  );

/** Beyond the reach of the kernels. */
const EDGE = 400;

/** Signal over error in dB. */
function signalToError(actual: Float32Array, expected: Float32Array): number {
  let [signal, error] = [0, 0];
  for (let at = EDGE; at < actual.length - EDGE; at++) {
    signal += expected[at]! ** 2;
    error += (actual[at]! - expected[at]!) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

const at = (...rates: number[]): { rate: number; memory: SampleMemory }[] =>
  rates.map((rate) => ({ rate, memory: new SampleMemory() }));

const PAIRS = [
  [44_100, 32_000],
  [44_100, 48_000],
  [44_100, 22_050],
  [48_000, 32_000],
  [48_000, 44_100],
  [16_000, 48_000],
  [22_050, 44_100],
  [32_000, 8000],
  [96_000, 48_000],
] as const;

describe('resampling to the rates of teachers', () => {
  it.each(PAIRS)('keeps tones of the pass band 80 dB above its error, %d to %d Hz', (from, to) => {
    const band = 0.42 * Math.min(from, to);
    for (const hertz of [100, 1000, 3300, 6500, 9000, 13_000].filter((tone) => tone < band)) {
      const actual = resample(sine(hertz, from, from >> 1), from, to);
      expect(signalToError(actual, sine(hertz, to, actual.length))).toBeGreaterThan(80);
    }
  });

  it.each([
    [13_000, 44_100, 22_050],
    [18_500, 48_000, 32_000],
    [5000, 44_100, 8000],
  ])('silences %d Hz of %d Hz audio, which %d Hz cannot carry', (hertz, from, to) => {
    const actual = resample(sine(hertz, from, from), from, to);
    expect(Math.max(...actual.subarray(EDGE, -EDGE).map(Math.abs))).toBeLessThan(1e-4);
  });

  it.each([
    [1000, 192_000],
    [48_000, 1000],
    [11_027, 11_025],
  ])('works between %d and %d Hz', (from, to) => {
    const hertz = 0.3 * Math.min(from, to);
    const actual = resample(sine(hertz, from, from), from, to);
    const edge = Math.ceil((100 * to) / Math.min(from, to));
    const inside = (samples: Float32Array): Float32Array => samples.subarray(edge, -edge);
    const expected = inside(sine(hertz, to, actual.length));
    let error = 0;
    inside(actual).forEach((sample, n) => (error += (sample - expected[n]!) ** 2));
    expect(10 * Math.log10((0.125 * expected.length) / error)).toBeGreaterThan(70);
  });
});

describe('a clip at several rates in one decode', () => {
  it('has the samples at 16 kHz that it has alone, and at others those of its source', async () => {
    const rate = 44_100;
    const block = {
      sampleRate: rate,
      channels: [sine(3000, rate, 30_000), sine(500, rate, 30_000)],
    };
    const further = at(32_000, 48_000, 8000);
    const { pcm, further: samples } = await toMono(blocksOf(block), { further });
    expect(pcm).toEqual(await toMono16k(blocksOf(block)));
    const mono = block.channels[0]!.map((sample, n) => (sample + block.channels[1]![n]!) / 2);
    for (const [index, own] of samples.entries()) {
      const to = further[index]!.rate;
      expect(own).toHaveLength(positionAtRate(pcm.length, to));
      const expected = resample(mono, rate, to);
      for (let n = 0; n < Math.min(own.length, expected.length); n++)
        expect(Math.abs(own[n]! - expected[n]! * 32_768)).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  });

  it.each([48_000, 32_000])('is unchanged where it is %d Hz mono int16 itself', async (rate) => {
    const mono = Int16Array.from({ length: rate }, (_, n) => ((n * 7919) % 65_536) - 32_768);
    const floats = Float32Array.from(mono, (sample) => sample / 32_768);
    for (const block of [
      { sampleRate: rate, channels: [floats] },
      { sampleRate: rate, channels: [floats], mono },
    ])
      expect((await toMono(blocksOf(block), { further: at(rate) })).further[0]).toEqual(mono);
  });

  it('ends with zeros where 16 kHz lasts longer by part of a sample', async () => {
    const mono = new Int16Array(48_001).fill(5);
    const block = { sampleRate: 48_000, channels: [new Float32Array(0)], mono };
    const { pcm, further } = await toMono(blocksOf(block), { further: at(48_000) });
    expect(pcm).toHaveLength(16_001);
    expect(Array.from(further[0]!)).toEqual([...mono, 0, 0]);
  });

  it('lies in memory of an earlier, louder clip without a rest of it', async () => {
    const memories = at(48_000);
    const clip = (samples: number, value: number) => ({
      ...{ sampleRate: 48_000, channels: [new Float32Array(samples).fill(value)] },
    });
    await toMono(blocksOf(clip(90_000, 0.9)), { further: memories });
    const { further } = await toMono(blocksOf(clip(48_001, 0.1)), { further: memories });
    expect(further[0]).toHaveLength(48_003);
    expect(Array.from(further[0]!.subarray(-3))).toEqual([3277, 0, 0]);
  });

  it('has the streams of its file begin at the same times at every rate', async () => {
    async function* streams(): AsyncGenerator<AudioBlock> {
      for (const [rate, samples] of [
        [44_100, 10_001],
        [48_000, 10_001],
        [48_000, 1],
        [22_050, 9999],
      ] as const)
        yield { sampleRate: rate, channels: [sine(440, rate, samples)] };
      await Promise.resolve();
    }
    const rate = 48_000;
    const { pcm, further } = await toMono(streams(), { further: at(rate) });
    const first = Math.ceil((10_001 * 16_000) / 44_100);
    const second = Math.ceil((10_002 * 16_000) / 48_000);
    expect(pcm).toHaveLength(first + second + Math.ceil((9999 * 16_000) / 22_050));
    expect(further[0]).toHaveLength(positionAtRate(pcm.length, rate));
    const begins = positionAtRate(first, rate);
    const expected = sine(440, rate, 9000, 16_384);
    // Past the edge between the streams.
    for (let n = 100; n < 9000; n += 97)
      expect(Math.abs(further[0]![begins + n]! - expected[n]!)).toBeLessThanOrEqual(0.6);
  });

  it('is refused for what it is at 16 kHz, whatever further rate is wanted', async () => {
    const strange = sine(300, 48_000, 48_000);
    strange[33_333] = NaN;
    const refusal = (further: { rate: number; memory: SampleMemory }[]): Promise<unknown> =>
      toMono(blocksOf({ sampleRate: 48_000, channels: [strange] }), { further }).then(
        () => null,
        (error: unknown) => (error as Error).message,
      );
    expect(await refusal(at(48_000, 8000))).toBe(await refusal([]));
    expect(await refusal([])).toMatch(/notFinite: sample \d+ at 16 kHz/);
  });
});
