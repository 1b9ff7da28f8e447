import type { MetricsLine } from '../../ced/training/metrics-line';
import { learningHint } from '../../jobs/train/learning-hint';

const EPOCHS = 24;
const student = { name: 'student', epochs: EPOCHS, fromLabels: false };

function linesOf(measured: (epoch: number) => { mAP: number | null; divergence?: number }) {
  return Array.from({ length: EPOCHS }, (_, index): MetricsLine[] => [
    { step: index * 94, loss: 0.1, lr: 1e-3 },
    { epoch: index + 1, step: (index + 1) * 94, loss: 0.1, ...measured(index + 1) },
  ]).flat();
}

const rising = linesOf((epoch) => ({ mAP: 0.4 - 0.5 * epoch ** -0.5 }));

describe('a training that ends', () => {
  it('says what more epochs would likely bring, with the error, and what to do', () => {
    const hint = learningHint(student, rising)!;
    // 0.5 · (24^−½ − 36^−½) = 0.0187.
    expect(hint).toMatchObject({ kind: 'still learning', about: 'student' });
    expect(hint.value).toBeCloseTo(0.0187, 3);
    expect(hint.error).toBeLessThan(0.002);
    expect(hint.text).toMatch(
      /^student still learned at its last epoch \(at the end \+0\.00\d\d ± 0\.\d{4} an epoch\): 12 more epochs would likely bring \+0\.01[89]\d ± 0\.\d{4} of validation mAP; raise epochs to 36$/,
    );
  });

  it('adds what that means for an ensemble where it learned from labels', () => {
    expect(learningHint({ ...student, fromLabels: true }, rising)!.text).toContain(
      'an ensemble of teachers that still learn may teach less than labels do',
    );
  });

  it('says nothing once the curve is flat, or rises by less than anybody would train for', () => {
    const wobble = (epoch: number): number => 0.002 * (epoch % 2);
    expect(
      learningHint(
        student,
        linesOf((epoch) => ({ mAP: 0.3 + wobble(epoch) })),
      ),
    ).toBeNull();
    expect(
      learningHint(
        student,
        linesOf((epoch) => ({ mAP: 0.3 + 1e-5 * epoch })),
      ),
    ).toBeNull();
    expect(
      learningHint(
        student,
        linesOf((epoch) => ({ mAP: 0.5 - 0.01 * epoch })),
      ),
    ).toBeNull();
  });

  it('goes by the divergence from the ensemble where validation has no labels', () => {
    const falling = linesOf((epoch) => ({ mAP: null, divergence: 0.005 + 0.05 / epoch }));
    expect(learningHint(student, falling)!.text).toMatch(
      /would likely bring −0\.000\d ± 0\.\d{4} of divergence from the ensemble/,
    );
  });

  it('says nothing without validations, or from a few of them', () => {
    expect(
      learningHint(
        student,
        linesOf(() => ({ mAP: null })),
      ),
    ).toBeNull();
    expect(learningHint(student, rising.slice(0, 6))).toBeNull();
    expect(learningHint(student, [])).toBeNull();
  });
});
