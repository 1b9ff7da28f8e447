import { ChannelLevels, mayHaveCancelled } from '../../../ced/audio/channels';
import { toMono16k } from '../../../ced/audio/to-mono';
import { blocksOf } from './decoded-whole';

const SAMPLES = 4000;
const tone = (hertz: number, amplitude: number): Float32Array =>
  Float32Array.from(
    { length: SAMPLES },
    (_, n) => amplitude * Math.sin((2 * Math.PI * hertz * n) / 16_000),
  );
const levelsOf = (...channels: Float32Array[]): ChannelLevels => {
  const levels = new ChannelLevels();
  levels.add({ sampleRate: 16_000, channels });
  return levels;
};

describe('the loudest channel', () => {
  it.each([1, 2, 3, 8, 64])('is found among %d', (count) => {
    for (const loud of [0, count >> 1, count - 1])
      expect(
        levelsOf(
          ...Array.from({ length: count }, (_, at) => tone(100 + at, at === loud ? 0.5 : 0.4)),
        ).loudest,
      ).toBe(loud);
  });

  it('is the first of equal ones, and that of the whole file', () => {
    expect(levelsOf(tone(300, 0.2), tone(300, 0.2)).loudest).toBe(0);
    const levels = levelsOf(tone(300, 0.2), tone(300, 0.1));
    levels.add({ sampleRate: 16_000, channels: [tone(300, 0.1), tone(300, 0.4)] });
    expect(levels.loudest).toBe(1);
  });
});

describe('channels that cancel', () => {
  const left = tone(440, 0.5);
  const opposite = left.map((sample) => -sample);

  it.each<[string, Float32Array[], boolean]>([
    ['one is the other with its sign changed', [left, opposite], true],
    ['nearly so', [left, opposite.map((sample) => sample * 0.99)], true],
    ['two pairs', [left, opposite, tone(900, 0.3), tone(900, -0.3)], true],
    ['something is left', [left, opposite.map((sample) => sample * 0.9)], false],
    ['they have nothing in common', [left, tone(1000, 0.3)], false],
    ['one alone sounds', [left, new Float32Array(SAMPLES)], false],
    ['one of 64 sounds', [left, ...Array<Float32Array>(63).fill(new Float32Array(SAMPLES))], false],
    ['they are equal', [left, left], false],
    ['all are silent', [new Float32Array(SAMPLES), new Float32Array(SAMPLES)], false],
    ['there is one', [left], false],
  ])('are told from others: %s', async (_, channels, expected) => {
    expect(levelsOf(...channels).cancel).toBe(expected);
    const pcm = await toMono16k(blocksOf({ sampleRate: 16_000, channels }));
    if (expected) expect(mayHaveCancelled(pcm)).toBe(true);
  });

  it('are looked for in quiet clips alone', async () => {
    const pcm = await toMono16k(blocksOf({ sampleRate: 16_000, channels: [tone(440, 0.02)] }));
    expect(mayHaveCancelled(pcm)).toBe(false);
  });
});

describe('one channel of several', () => {
  it('is taken by its number, or the last where there are too few', async () => {
    const channels = [tone(200, 0.1), tone(300, 0.2), tone(400, 0.3)];
    for (const [index, expected] of [
      [0, 0],
      [1, 1],
      [2, 2],
      [7, 2],
    ] as const)
      expect(
        Array.from(
          await toMono16k(blocksOf({ sampleRate: 16_000, channels }), Infinity, undefined, index),
        ),
      ).toEqual(
        Array.from(
          await toMono16k(blocksOf({ sampleRate: 16_000, channels: [channels[expected]!] })),
        ),
      );
  });
});
