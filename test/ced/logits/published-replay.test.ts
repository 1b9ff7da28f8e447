import { publishedAugmentation, publishedDraws } from '../../../ced/logits/published/replay';
import { TorchGenerator } from '../../../ced/logits/published/torch-generator';
import replay from '../../reference/published/replay.json';

describe('the augmentation behind a published seed', () => {
  it.each(replay.rows)(
    'is what PyTorch draws from $seed over $samples samples',
    ({ seed, samples, shift, u, v }) => {
      expect(publishedDraws(seed, samples)).toEqual({ shift, u, v });
    },
  );

  it('comes from the generator of Matsumoto and Nishimura', () => {
    const generator = new TorchGenerator(5489);
    const words = Array.from({ length: 10_000 }, () => generator.word());
    expect(words.slice(0, 3)).toEqual([3499211612, 581869302, 3890346734]);
    // The number that the C++ standard names for its mt19937.
    expect(words[9999]).toBe(4123659995);
  });

  it('rounds half a length of odd samples to even, as Python does', () => {
    // Over 3 samples round(±1.5) = ±2, over 5 round(±2.5) = ±2: both draw from five places.
    const shifts = (samples: number) =>
      new Set(Array.from({ length: 200 }, (_, seed) => publishedDraws(seed, samples).shift));
    expect(shifts(3)).toEqual(new Set([0, 1, 2]));
    expect([...shifts(5)].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('places both masks with one pair of numbers', () => {
    const parameters = Array.from({ length: 100 }, (_, seed) =>
      publishedAugmentation(seed, 160_000),
    );
    for (const { timeStart, timeWidth, freqStart, freqWidth } of parameters) {
      expect(timeStart + timeWidth).toBeLessThanOrEqual(1001);
      expect(Math.abs(timeWidth / 192 - freqWidth / 24)).toBeLessThan(1 / 24);
      if (freqWidth > 0)
        expect(
          Math.abs(timeStart / (1001 - timeWidth) - freqStart / (64 - freqWidth)),
        ).toBeLessThan(0.03);
    }
  });
});
