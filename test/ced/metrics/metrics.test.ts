import fc from 'fast-check';
import { agreement, binaryCrossEntropy } from '../../../ced/metrics/agreement';
import { averagePrecision } from '../../../ced/metrics/average-precision';
import {
  meanAveragePrecision,
  meanAveragePrecisionInParts,
  meanRocAuc,
} from '../../../ced/metrics/mean-average-precision';
import { rocAuc } from '../../../ced/metrics/roc-auc';
import reference from '../../reference/metrics.json';

const rows = reference.scores.length;
const classes = reference.average_precision.length;
const table = { scores: reference.scores.flat(), targets: reference.targets.flat(), rows, classes };

describe('mean average precision', () => {
  it('equals scikit-learn to 1e-9, class by class and as a mean, ties included', () => {
    const { mean, perClass } = meanAveragePrecision(table);
    reference.average_precision.forEach((value, index) =>
      expect(Math.abs((perClass[index] ?? NaN) - (value ?? NaN))).not.toBeGreaterThan(1e-9),
    );
    expect(Math.abs(mean! - reference.mAP)).toBeLessThan(1e-9);
  });

  it('leaves a class without a positive out, and is null without any', () => {
    const withEmptyClass = {
      scores: [0.9, 0.5, 0.1, 0.4],
      targets: [1, 0, 0, 0],
      rows: 2,
      classes: 2,
    };
    expect(meanAveragePrecision(withEmptyClass)).toEqual({ mean: 1, perClass: [1, null] });
    expect(meanAveragePrecision({ ...withEmptyClass, targets: [0, 0, 0, 0] }).mean).toBeNull();
  });

  it('is the same in parts, of 32 classes each, and ends where a part is refused', async () => {
    const many = { rows: 3, classes: 527 };
    const values = Array.from({ length: many.rows * many.classes }, (_, at) => (at * 7919) % 101);
    const large = { ...many, scores: values, targets: values.map((value) => value % 2) };
    let parts = 0;
    const inParts = await meanAveragePrecisionInParts(large, () => Promise.resolve(void parts++));
    expect(inParts).toEqual(meanAveragePrecision(large));
    expect(parts).toBe(Math.ceil(many.classes / 32));
    const refused = meanAveragePrecisionInParts(large, () => Promise.reject(new Error('stopped')));
    await expect(refused).rejects.toThrow('stopped');
  });

  it('does not depend on the order of the rows, ties included', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(1)), { minLength: 1 });
    fc.assert(
      fc.property(pairs, (list) => {
        const reversed = [...list].reverse();
        const value = (rowsInOrder: typeof list) =>
          averagePrecision(
            rowsInOrder.map(([s]) => s),
            rowsInOrder.map(([, t]) => t),
          );
        expect(value(list)).toBe(value(reversed));
      }),
    );
  });

  it('refuses tables of other shapes and scores that are no numbers', () => {
    expect(() => meanAveragePrecision({ ...table, rows: rows + 1 })).toThrow(RangeError);
    expect(() => averagePrecision([NaN, 1], [0, 1])).toThrow('row 0 is not a number');
  });
});

describe('ROC AUC', () => {
  it('equals scikit-learn to 1e-9', () => {
    const { mean, perClass } = meanRocAuc(table);
    reference.roc_auc.forEach((value, index) =>
      expect(Math.abs((perClass[index] ?? NaN) - (value ?? NaN))).not.toBeGreaterThan(1e-9),
    );
    expect(Math.abs(mean! - reference.mAUC)).toBeLessThan(1e-9);
  });

  it('counts a tie one half and is null for a class of one kind', () => {
    expect(rocAuc([0.5, 0.5], [1, 0])).toBe(0.5);
    expect(rocAuc([0.1, 0.9], [1, 0])).toBe(0);
    expect(rocAuc([0.1, 0.9], [1, 1])).toBeNull();
  });
});

describe('agreement of a student with its ensemble', () => {
  const ensemble = [0.9, 0.2, 0.1, 0.7];

  it('is perfect with itself', () => {
    expect(agreement(ensemble, ensemble, 2, 2)).toMatchObject({
      divergence: 0,
      topMatch: 1,
      mAP: 1,
    });
  });

  it('is the mean Bernoulli divergence in nats', () => {
    const {
      binaryCrossEntropy: crossEntropy,
      divergence,
      topMatch,
    } = agreement([0.5, 0.5, 0.5, 0.5], ensemble, 2, 2);
    const entropy =
      ensemble.reduce((sum, p) => sum - p * Math.log(p) - (1 - p) * Math.log(1 - p), 0) / 4;
    expect(crossEntropy).toBeCloseTo(Math.LN2, 12);
    expect(divergence).toBeCloseTo(Math.LN2 - entropy, 12);
    expect(topMatch).toBe(0.5);
  });

  it('bounds a confident mistake at 100 nats, as PyTorch does', () => {
    expect(binaryCrossEntropy([0], [1])).toBe(100);
    expect(binaryCrossEntropy([1, 0], [1, 0])).toBe(0);
  });

  it('has no mAP where the ensemble decides nothing', () => {
    expect(agreement([0.4], [0.3], 1, 1).mAP).toBeNull();
  });
});
