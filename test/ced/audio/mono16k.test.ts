import { toMono16k } from '../../../ced/audio/to-mono';
import { kaiserBest, resample, torchaudioDefault } from '../../../ced/audio/resample';
import { SampleMemory } from '../../../ced/audio/sample-memory';
import { blocksOf } from './decoded-whole';
import resampled from '../../reference/resampled.json';
import { sweeps } from '../../reference/sweeps.json';

function sine(hertz: number, rate: number, samples: number, amplitude = 0.5): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, n) => amplitude * Math.sin((2 * Math.PI * hertz * n) / rate),
  );
}

/** Signal over error in dB, away from the edges, where the kernel reaches into the padding. */
function signalToError(actual: Float32Array, expected: Float32Array): number {
  const edge = 400;
  let signal = 0;
  let error = 0;
  for (let index = edge; index < actual.length - edge; index++) {
    signal += expected[index]! ** 2;
    error += (actual[index]! - expected[index]!) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

describe('resampling to 16 kHz', () => {
  it.each([8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])(
    'keeps tones of the pass band 80 dB above its error from %d Hz',
    (rate) => {
      for (const hertz of [100, 1_000, 3_300, 6_500].filter((tone) => tone < 0.42 * rate)) {
        const actual = resample(sine(hertz, rate, rate >> 1), rate, 16_000);
        expect(signalToError(actual, sine(hertz, 16_000, actual.length))).toBeGreaterThan(80);
      }
    },
  );

  it('silences what 16 kHz cannot carry', () => {
    const actual = resample(sine(9_000, 44_100, 44_100), 44_100, 16_000);
    expect(Math.max(...actual.subarray(400, -400).map(Math.abs))).toBeLessThan(1e-4);
  });

  it.each([
    [44_100, 1_000],
    [8_000, 333],
    [48_000, 7],
    [22_051, 500],
  ])('returns ceil(n · 16000 / rate) samples from %d Hz and n = %d', (rate, n) => {
    expect(resample(new Float32Array(n), rate, 16_000)).toHaveLength(
      Math.ceil((n * 16_000) / rate),
    );
  });

  it.each(sweeps)(
    'equals soxr at its best to 80 dB on a sweep from $rate Hz',
    ({ rate, topHertz, samples, float32 }) => {
      const expected = new Float32Array(new Uint8Array(Buffer.from(float32, 'base64')).buffer);
      const sweep = Float32Array.from({ length: rate / 4 }, (_, n) => {
        const t = n / rate;
        return 0.5 * Math.sin(2 * Math.PI * (50 * t + ((topHertz - 50) * t * t) / 0.5));
      });
      const actual = resample(sweep, rate, 16_000);
      expect(actual).toHaveLength(samples);
      expect(signalToError(actual, expected)).toBeGreaterThan(80);
    },
  );

  it.each(resampled.cases)(
    'equals an independent statement of the kernel ($kernel, $from to $to Hz)',
    ({ kernel, from, to, output }) => {
      const input = Float32Array.from(resampled.input);
      const actual =
        kernel === 'hann'
          ? resample(input, from, to, torchaudioDefault)
          : resample(input, from, to, kaiserBest);
      expect(actual).toHaveLength(output.length);
      output.forEach((value, index) => expect(actual[index]).toBeCloseTo(value, 6));
    },
  );
});

describe('a rate out of the ordinary', () => {
  it.each([1000, 1001, 15_999, 16_001, 31_250, 47_999, 352_800, 384_000])(
    'is resampled, at the right pitch and level: %d Hz',
    async (rate) => {
      const hertz = 0.35 * Math.min(rate, 16_000);
      const pcm = await toMono16k(
        blocksOf({ sampleRate: rate, channels: [sine(hertz, rate, Math.round(0.4 * rate))] }),
      );
      expect(pcm).toHaveLength(Math.ceil((Math.round(0.4 * rate) * 16_000) / rate));
      const actual = Float32Array.from(pcm, (sample) => sample / 32_768);
      // Beyond the kernel's reach, which is 40 samples of the lower rate.
      const edge = Math.ceil((50 * 16_000) / Math.min(rate, 16_000));
      const inside = (samples: Float32Array) => samples.subarray(edge, -edge);
      const expected = inside(sine(hertz, 16_000, actual.length));
      let error = 0;
      inside(actual).forEach((sample, at) => (error += (sample - expected[at]!) ** 2));
      expect(10 * Math.log10((0.125 * expected.length) / error)).toBeGreaterThan(70);
    },
  );

  it.each([
    [1, '1 Hz, expected 1000 to 384000 Hz; resample it'],
    [999, '999 Hz, expected 1000 to 384000 Hz; resample it'],
    [384_001, '384001 Hz, expected 1000 to 384000 Hz; resample it'],
    [383_999, '383999 Hz has too little in common with 16000 Hz; resample it'],
  ])('is refused with the reason: %d Hz', async (rate, reason) => {
    const channels = [new Float32Array(400_000)];
    await expect(toMono16k(blocksOf({ sampleRate: rate, channels }))).rejects.toThrow(
      `absurdRate: ${reason}`,
    );
  });

  it('may follow another in one file: each stretch is resampled by itself', async () => {
    async function* blocks() {
      for (const rate of [44_100, 16_000, 8000])
        yield { sampleRate: rate, channels: [sine(440, rate, rate / 4)] };
      await Promise.resolve();
    }
    const pcm = Array.from(await toMono16k(blocks()));
    const alone = async (rate: number): Promise<number[]> =>
      Array.from(
        await toMono16k(blocksOf({ sampleRate: rate, channels: [sine(440, rate, rate / 4)] })),
      );
    expect(pcm).toEqual([
      ...(await alone(44_100)),
      ...(await alone(16_000)),
      ...(await alone(8000)),
    ]);
  });
});

describe('bringing audio to 16 kHz mono int16', () => {
  const constant = (...values: number[]) =>
    Float32Array.from({ length: 300 }, (_, index) => values[index % values.length]!);

  it('averages channels', async () => {
    expect(
      (
        await toMono16k(
          blocksOf({ sampleRate: 16_000, channels: [constant(0.5), constant(-0.25)] }),
        )
      )[0],
    ).toBe(4096);
  });

  it('rounds half away from zero and clips', async () => {
    const pcm = await toMono16k(
      blocksOf({
        sampleRate: 16_000,
        channels: [constant(0.5 / 32768, -0.5 / 32768, 1, -1, 2, -2)],
      }),
    );
    expect(Array.from(pcm.subarray(0, 6))).toEqual([1, -1, 32767, -32768, 32767, -32768]);
  });

  it('rounds just under a half down, and the largest number below 1 to the maximum', async () => {
    const [under, half] = [0.49999997, 1.5];
    const pcm = await toMono16k(
      blocksOf({
        sampleRate: 16_000,
        channels: [
          constant(under / 32768, -under / 32768, half / 32768, -half / 32768, 0.99999994),
        ],
      }),
    );
    expect(Array.from(pcm.subarray(0, 5))).toEqual([0, 0, 2, -2, 32767]);
  });

  it('gives the same samples in memory that an earlier, longer clip was decoded in', async () => {
    const memory = new SampleMemory();
    const decode = (seconds: number, hertz: number, rate: number) =>
      toMono16k(
        blocksOf({ sampleRate: rate, channels: [sine(hertz, rate, seconds * rate)] }),
        Infinity,
        memory,
      );
    const short = Array.from(await decode(1, 330, 44_100));
    expect(await decode(9, 200, 22_050)).toHaveLength(144_000);
    expect(Array.from(await decode(1, 330, 44_100))).toEqual(short);
  });

  it('names the first sample that is no number', async () => {
    const samples = sine(300, 16_000, 40_000);
    samples[33_333] = NaN;
    await expect(toMono16k(blocksOf({ sampleRate: 16_000, channels: [samples] }))).rejects.toThrow(
      /sample 33333 at 16 kHz/,
    );
  });

  it.each([
    ['empty', []],
    ['empty', [new Float32Array(0)]],
    ['tooShort', [new Float32Array(256)]],
    ['notFinite', [constant(0, NaN)]],
    ['notFinite', [constant(Infinity)]],
  ])('refuses audio that is %s', async (reason, channels) => {
    await expect(toMono16k(blocksOf({ sampleRate: 16_000, channels }))).rejects.toMatchObject({
      code: 'ClipUnreadable',
      reason,
    });
  });
});
