import { highPass, lowPass } from '../../examples/instruments/render/biquad';
import { halved } from '../../examples/instruments/render/decimate';
import { Draws } from '../../examples/instruments/render/draws';
import { loudestRms } from '../../examples/instruments/render/loudness';
import { MatchedFilter } from '../../examples/instruments/render/matched-filter';
import { addReverb } from '../../examples/instruments/render/reverb';
import { encodeWav } from '../../ced/audio/wav-file';

function tone(hertz: number, rate: number, samples = rate): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) =>
    Math.sin((2 * Math.PI * hertz * i) / rate),
  );
}

function noise(name: string, samples: number): Float32Array {
  const draws = new Draws('test', name);
  return Float32Array.from({ length: samples }, () => draws.uniform(-1, 1));
}

describe('halving the sample rate', () => {
  it('keeps what fits the lower rate', () => {
    const out = halved(tone(6_000, 32_000)).subarray(100, -100);
    tone(6_000, 16_000)
      .subarray(100, -100)
      .forEach((sample, i) => expect(Math.abs(out[i]! - sample)).toBeLessThan(2e-3));
  });

  it('removes what would fold back', () => {
    for (const hertz of [9_000, 11_000, 15_000])
      expect(loudestRms(halved(tone(hertz, 32_000)).subarray(100, -100))).toBeLessThan(1e-3);
  });
});

describe('filters', () => {
  it.each([
    [lowPass, 500, 1, 4_000, 0.02],
    [highPass, 4_000, 1, 100, 0.02],
  ])('pass one side and stop the other', (filter, passed, passedGain, stopped, stoppedGain) => {
    const [kept, lost] = [tone(passed, 16_000), tone(stopped, 16_000)];
    for (const samples of [kept, lost])
      filter(samples, passed < stopped ? 1_000 / Math.SQRT2 : 1_000);
    expect(loudestRms(kept.subarray(4_000)) / Math.SQRT1_2).toBeCloseTo(passedGain, 0);
    expect(loudestRms(lost.subarray(4_000)) / Math.SQRT1_2).toBeLessThan(2 * stoppedGain);
  });
});

describe('reverberation', () => {
  it('falls by 60 dB in the time asked for', () => {
    const samples = new Float32Array(32_000);
    samples[0] = 1;
    addReverb(samples, { size: 1, decaySeconds: 1, damping: 0, wet: 1 }, 16_000);
    const early = loudestRms(samples.subarray(1_600, 4_800));
    const late = loudestRms(samples.subarray(17_600, 20_800));
    expect(20 * Math.log10(late / early)).toBeGreaterThan(-66);
    expect(20 * Math.log10(late / early)).toBeLessThan(-54);
  });
});

describe('draws', () => {
  it('repeat under the same name and differ under another', () => {
    expect(noise('a', 9)).toEqual(noise('a', 9));
    expect(noise('a', 9)).not.toEqual(noise('b', 9));
  });

  it('stay within their bounds and reach all of them', () => {
    const draws = new Draws('bounds');
    const drawn = new Set(Array.from({ length: 300 }, () => draws.integer(-1, 2)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect(draws.pickSeveral([1, 2, 3], 5).sort()).toEqual([1, 2, 3]);
    expect(() => draws.pick([])).toThrow('nothing to pick from');
  });
});

describe('the matched filter', () => {
  const recording = noise('recording', 40_000);

  it('finds an excerpt whatever its level and sign', () => {
    const excerpt = recording.slice(33_333, 33_333 + 512).map((sample) => -0.1 * sample);
    const [found] = new MatchedFilter(recording, 512, 4_096).findPair(excerpt, noise('other', 512));
    expect(found.position).toBe(33_333);
    expect(found.correlation).toBeCloseTo(-1, 5);
  });

  it('finds nothing in another recording', () => {
    const [, stranger] = new MatchedFilter(recording, 512, 4_096).findPair(
      noise('this', 512),
      noise('that', 512),
    );
    expect(Math.abs(stranger.correlation)).toBeLessThan(0.3);
  });
});

describe('WAV files', () => {
  it('carry the header readers expect', () => {
    const file = encodeWav(Int16Array.of(1, -2));
    expect(file.toString('hex')).toBe(
      '52494646280000005741564566' +
        '6d742010000000' +
        '01000100803e0000007d000002001000' +
        '6461746104000000' +
        '0100feff',
    );
  });
});
