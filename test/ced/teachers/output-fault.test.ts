import { outputFault } from '../../../ced/teachers/output-fault';

const fault = (values: number[], rows: number, declared = true) =>
  outputFault(Float32Array.from(values), rows, values.length / rows, declared);

describe('outputs of a teacher', () => {
  it('that differ from clip to clip and lie between 0 and 1 have no fault', () => {
    expect(fault([0.01, 0.9, 0.3, 0.2], 2)).toBeNull();
    // A good tagger is sure of most absences.
    expect(fault([1e-9, 1e-8, 0.9, 1e-9, 1e-7, 0.2], 2)).toBeNull();
    expect(fault([1e-9, 1e-8, 1e-7, 1e-9], 2)).toBeNull();
    expect(fault([0.6], 1, false)).toBeNull();
  });

  it.each([
    ['no numbers', [0.1, 0.2, NaN, 0.4], /^its output 0 for clip 1 is not a finite number$/],
    [
      'no probabilities',
      [0.1, -3, 0.2, 0.4],
      /^it gives -3, which is no probability; does it give logits\?$/,
    ],
    ['the same for every clip', [0.1, 0.2, 0.1, 0.2], /same for every clip/],
    ['nothing but 0 and 1', [0, 1, 1, 0], /^100\.0 % of its outputs are 0 or 1: it is saturated/],
    [
      'what a second sigmoid makes of probabilities',
      [0.5, 0.6, 0.7, 0.52],
      /declared to give logits$/,
    ],
  ])('that are %s are a fault', (_what, values, message) => {
    expect(fault(values, 2)).toMatch(message);
  });

  it('are numbered by the classes of the run, those that the teacher lacks among them', () => {
    const scores = Float32Array.of(0, 0.1, 0, 0.2, 0, 0.3, 0, NaN);
    expect(outputFault(scores, 2, 4, true, [0, 2])).toBe(
      'its output 3 for clip 1 is not a finite number',
    );
  });
});
