import { frameCount } from '../../../ced/audio/frames';
import { LogMel } from '../../../ced/audio/log-mel';
import { openEngine } from '../../../ced/engine/engine';
import { referenceTensors, tensorNamed } from './reference-vectors';

const engine = openEngine();
const vectors = referenceTensors('frontend');
const clips = ['noise', 'chirp_then_silence', 'odd_length', 'silence'];

describe('the log-mel front end', () => {
  // 85 dB below a loud tone both sides show the rounding of their float32 transforms: there an
  // exact float64 transform differs from the reference by up to 0.18 dB.
  it.each(clips)('agrees with the reference on %s', (clip) => {
    const pcm = Int16Array.from(tensorNamed(vectors, `${clip}.pcm`).data);
    const expected = tensorNamed(vectors, `${clip}.logmel`);
    const decibels = new LogMel(engine).compute(pcm, 1, pcm.length);
    expect(decibels).toHaveLength(expected.data.length);
    const peak = expected.data.reduce((a, b) => Math.max(a, b));
    let worstLoud = 0;
    let worstQuiet = 0;
    expected.data.forEach((value, index) => {
      const difference = Math.abs((decibels[index] as number) - value);
      if (value > peak - 85) worstLoud = Math.max(worstLoud, difference);
      else worstQuiet = Math.max(worstQuiet, difference);
    });
    expect(worstLoud).toBeLessThan(1e-2);
    expect(worstQuiet).toBeLessThan(0.3);
  });

  it('gives a clip the same features alone and beside a louder one', () => {
    const quiet = Int16Array.from({ length: 8000 }, (_, i) => 3 * Math.sin(i / 5));
    const loud = Int16Array.from({ length: 8000 }, (_, i) => 30000 * Math.sin(i / 3));
    const alone = new LogMel(engine).compute(quiet, 1, 8000);
    const beside = new LogMel(engine).compute(Int16Array.from([...quiet, ...loud]), 2, 8000);
    expect(beside.slice(0, alone.length)).toEqual(alone);
  });

  it('counts one frame per hop and one more', () => {
    expect(frameCount(16000)).toBe(101);
    expect(frameCount(16077)).toBe(101);
    expect(frameCount(160000)).toBe(1001);
  });

  it('refuses a clip too short to mirror', () => {
    expect(() => new LogMel(engine).compute(new Int16Array(256), 1, 256)).toThrow(RangeError);
  });
});
