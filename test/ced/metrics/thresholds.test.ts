import fc from 'fast-check';
import { f1, operatingPoints } from '../../../ced/metrics/operating-points';
import {
  chosenThresholds,
  fitThresholds,
  STATED_PRECISIONS,
  thresholdsSchema,
} from '../../../ced/metrics/thresholds';

/** Precision and recall counted from their definitions. */
function counted(rows: readonly (readonly [score: number, label: number])[], threshold: number) {
  const told = rows.filter(([score]) => score >= threshold);
  const right = told.filter(([, label]) => label !== 0).length;
  const positives = rows.filter(([, label]) => label !== 0).length;
  return { precision: right / told.length, recall: right / positives };
}

/** Scores with many ties, as float32 holds them. */
const table = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 9 }).map((tenths) => Math.fround(tenths / 10)),
    fc.nat(1),
  ),
  { minLength: 1, maxLength: 40 },
);

describe('operating points', () => {
  it('say what their thresholds give, ties included', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const points = operatingPoints(
          rows.map(([score]) => score),
          rows.map(([, label]) => label),
        );
        for (const { threshold, ...given } of points)
          expect(given).toEqual(counted(rows, threshold));
        const thresholds = points.map(({ threshold }) => threshold);
        expect(thresholds).toEqual([...thresholds].sort((a, b) => b - a));
      }),
    );
  });

  it('leave room on both sides, so that last bits of a score move no tag', () => {
    const [point] = operatingPoints([0.9, 0.3, 0.2], [1, 0, 0]);
    expect(point).toEqual({ threshold: 0.6, precision: 1, recall: 1 });
    // One unit in the last place apart.
    const low = Math.fround(0.5);
    const high = low + 2 ** -24;
    expect(operatingPoints([low, high], [0, 1])[0]?.threshold).toBeGreaterThan(low);
  });
});

describe('thresholds', () => {
  const vocabulary = [
    { mid: '/m/1', name: 'Bell' },
    { mid: '/m/2', name: 'Horn' },
    { mid: '', name: 'Rain' },
  ];
  // A row each clip: bells are told apart, horns are not, and it never rains.
  const scores = Float32Array.of(
    ...[0.9, 0.8, 0.1],
    ...[0.7, 0.6, 0.2],
    ...[0.2, 0.7, 0.1],
    ...[0.1, 0.1, 0.3],
  );
  const labels = Uint8Array.of(...[1, 0, 0], ...[1, 1, 0], ...[0, 0, 0], ...[0, 0, 0]);
  const thresholds = fitThresholds(scores, labels, vocabulary);

  it('have the best F1 of all that there are', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const fitted = fitThresholds(
          Float32Array.from(rows, ([score]) => score),
          Uint8Array.from(rows, ([, label]) => label),
          [{ mid: '', name: 'one' }],
        ).classes[0]!;
        const best = Math.max(
          ...rows.map(([score]) => f1({ threshold: score, ...counted(rows, score) })),
        );
        if (fitted.positives === 0) expect(fitted.bestF1).toBeNull();
        else expect(f1(fitted.bestF1!)).toBe(best);
      }),
    );
  });

  it('reach a stated precision with the highest recall, or say that none does', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(...STATED_PRECISIONS), (rows, stated) => {
        const fitted = fitThresholds(
          Float32Array.from(rows, ([score]) => score),
          Uint8Array.from(rows, ([, label]) => label),
          [{ mid: '', name: 'one' }],
        ).classes[0]!;
        const reached = rows
          .map(([score]) => counted(rows, score))
          .filter(({ precision, recall }) => recall > 0 && precision >= stated);
        const found = fitted.atPrecision.find((point) => point.stated === stated);
        if (reached.length === 0) expect(found).toBeUndefined();
        else {
          expect(found!.precision).toBeGreaterThanOrEqual(stated);
          expect(found!.recall).toBe(Math.max(...reached.map(({ recall }) => recall)));
        }
      }),
    );
  });

  it('are chosen by a criterion; a class without a positive gets that of all classes', () => {
    const [bell, horn, rain] = chosenThresholds(thresholds, 'bestF1');
    expect(bell).toBe(thresholds.classes[0]!.bestF1!.threshold);
    expect(horn).toBeLessThanOrEqual(0.6);
    expect(rain).toBe(thresholds.overall.bestF1!.threshold);
    const overall = thresholds.overall.atPrecision.find(({ stated }) => stated === 0.8)!;
    expect(overall.threshold).toBeGreaterThan(rain!);
    expect(chosenThresholds(thresholds, { precision: 0.8 })).toEqual([
      bell,
      null,
      overall.threshold,
    ]);
  });

  it('take a precision between two that are kept as the higher one', () => {
    const at = (precision: number) => chosenThresholds(thresholds, { precision });
    expect(at(0.55)).toEqual(at(0.6));
    expect(at(0.995)).toEqual([null, null, null]);
  });

  it('are plain JSON that the schema reads back', () => {
    expect(thresholdsSchema.parse(JSON.parse(JSON.stringify(thresholds)))).toEqual(thresholds);
  });
});
