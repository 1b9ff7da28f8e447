import { calibration } from '../../../ced/metrics/calibration';
import { tagScores } from '../../../ced/metrics/tag-scores';
import { fitThresholds } from '../../../ced/metrics/thresholds';

const onPart = (): Promise<void> => Promise.resolve();
const vocabulary = ['Bell', 'Horn', 'Rain'].map((name) => ({ mid: '', name }));

describe('the calibration of probabilities', () => {
  it('is without error where the share that is right is the probability', () => {
    const scores = [0.5, 0.5, 0.5, 0.5];
    expect(calibration(scores, [1, 0, 1, 0])).toEqual({
      error: 0,
      bins: [{ count: 4, probability: 0.5, share: 0.5 }],
    });
  });

  it('errs by the distance of each bin, weighed by its scores', () => {
    const { error, bins } = calibration([0.9, 0.9, 0.9, 0.1], [0, 0, 1, 0]);
    expect(bins.map(({ count }) => count)).toEqual([1, 3]);
    expect(error).toBeCloseTo((3 * (0.9 - 1 / 3) + 0.1) / 4, 12);
  });

  it('has a bin for certainty', () => {
    expect(calibration([1, 0], [1, 0])).toMatchObject({ error: 0, bins: [{}, {}] });
  });
});

describe('the scores of tags', () => {
  const validation = Float32Array.of(...[0.9, 0.8, 0.1], ...[0.2, 0.7, 0.1], ...[0.1, 0.1, 0.3]);
  const validationLabels = Uint8Array.of(...[1, 1, 0], ...[0, 0, 0], ...[0, 0, 0]);
  const thresholds = fitThresholds(validation, validationLabels, vocabulary);
  const scores = Float32Array.of(...[0.9, 0.9, 0.1], ...[0.8, 0.2, 0.1], ...[0.4, 0.9, 0.1]);
  const labels = Uint8Array.of(...[1, 1, 0], ...[0, 1, 0], ...[1, 0, 0]);

  it('are those of thresholds that were fitted on other clips', async () => {
    const { atThresholds } = await tagScores(scores, labels, 3, thresholds, onPart);
    // The thresholds lie between 0.2 and 0.9, and between 0.7 and 0.8.
    expect(atThresholds!.classes).toEqual([
      { threshold: 0.55, precision: 0.5, recall: 0.5 },
      { threshold: 0.75, precision: 0.5, recall: 0.5 },
      { threshold: thresholds.overall.bestF1!.threshold, precision: null, recall: null },
    ]);
    expect(atThresholds!.overall).toEqual({ precision: 0.5, recall: 0.5 });
  });

  it('have curves but no tags without thresholds', async () => {
    const { curve, classCurves, atThresholds } = await tagScores(scores, labels, 3, null, onPart);
    expect(atThresholds).toBeNull();
    expect(curve.at(-1)!.recall).toBe(1);
    expect(classCurves[2]).toEqual([]);
  });

  it('have curves of few points with both ends, however many clips there are', async () => {
    const rows = 5000;
    const many = Float32Array.from({ length: rows }, (_, row) => row / rows);
    const odd = Uint8Array.from({ length: rows }, (_, row) => row % 2);
    const { curve, classCurves } = await tagScores(many, odd, 1, null, onPart);
    expect([curve.length, classCurves[0]!.length]).toEqual([64, 24]);
    for (const each of [curve, classCurves[0]!]) {
      expect(each[0]).toMatchObject({ precision: 1, recall: 1 / 2500 });
      expect(each.at(-1)!.recall).toBe(1);
    }
  });

  it('end where a part is refused', async () => {
    const refused = tagScores(scores, labels, 3, null, () => Promise.reject(new Error('stopped')));
    await expect(refused).rejects.toThrow('stopped');
  });
});
