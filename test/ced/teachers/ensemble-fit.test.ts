import fc from 'fast-check';
import { philox, uniform } from '../../../ced/augment/random';
import { fitEnsemble, type ScoredEnsemble } from '../../../ced/teachers/ensemble-fit';
import type { WeightSearch } from '../../../ced/teachers/weight-search';

const classes = 4;
const draws = (seed: number, stream: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) =>
    uniform(philox([seed, stream], [at, 0, 0, 0])[0]),
  );

/** Members that know as much about the labels as their `knowledge` says, beside noise. */
function ensembleOf(
  seed: number,
  clips: number,
  knowledge: readonly number[],
  missing: readonly (readonly number[])[] = [],
): ScoredEnsemble {
  const labels = Uint8Array.from(draws(seed, 0, clips * classes), (value) => (value < 0.3 ? 1 : 0));
  const members = knowledge.map((share, member) => ({
    values: draws(seed, member + 1, clips * classes).map(
      (noise, at) => share * labels[at]! + (1 - share) * noise,
    ),
    missing: missing[member] ?? [],
  }));
  return { members, labels, clips, classes };
}

const fit = (ensemble: ScoredEnsemble, search: WeightSearch, given?: number[]) =>
  fitEnsemble(ensemble, { search, given: given ?? ensemble.members.map(() => 1), seed: 42 });

describe.each(['greedy', 'weighted'] as const)('weights by evidence, %s', (search) => {
  it('leave out a teacher that knows nothing, and give the gain on unseen clips', async () => {
    const found = await fit(ensembleOf(1, 300, [0.35, 0, 0, 0]), search);
    expect(found.fitted).toBe(true);
    expect(found.weights[0]).toBeGreaterThan(0.7);
    expect(found.gain.low).toBeGreaterThan(0);
    expect(found.gain.high).toBeGreaterThan(found.gain.mean);
    expect(found.mAP.after).toBeGreaterThan(found.mAP.before);
    expect(found.folds).toBe(5);
  });

  it('stay those of the run file where teachers are one and the same', async () => {
    const [one] = ensembleOf(2, 60, [0.3]).members;
    const ensemble = { ...ensembleOf(2, 60, [0.3]), members: [one!, one!, one!] };
    const found = await fit(ensemble, search, [1, 2, 5]);
    expect(found.weights).toEqual([1 / 8, 2 / 8, 5 / 8]);
    expect(found).toMatchObject({ fitted: false, gain: { mean: 0, low: 0, high: 0 } });
  });

  it('are not fitted to noise: equally good teachers keep their weights', async () => {
    let kept = 0;
    for (let seed = 0; seed < 20; seed++)
      if (!(await fit(ensembleOf(100 + seed, 60, [0.1, 0.1, 0.1]), search)).fitted) kept++;
    expect(kept).toBeGreaterThanOrEqual(18);
  });

  it('are one definite answer, of sum 1, that covers every class', async () => {
    const knowledge = fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), knowledge, fc.integer({ min: 2, max: 25 }), async (...of) => {
        const [seed, shares, clips] = of;
        // Only the last knows class 3, and it lacks class 0, unless it is alone.
        const lacks = shares.map((_, member) => (member < shares.length - 1 ? [3] : [0]));
        const ensemble = ensembleOf(seed, clips, shares, shares.length > 1 ? lacks : []);
        const found = await fit(ensemble, search);
        expect(await fit(ensemble, search)).toEqual(found);
        expect(found.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
        expect(found.weights.every((weight) => weight >= 0)).toBe(true);
        expect(found.weights.at(-1)).toBeGreaterThan(0);
        if (!found.fitted) expect(found.mAP.after).toBe(found.mAP.before);
      }),
      { numRuns: 25 },
    );
  });

  it('follow the teachers, whatever their order in the run file', async () => {
    const ensemble = ensembleOf(7, 200, [0.4, 0, 0.1]);
    const forwards = await fit(ensemble, search);
    const backwards = await fit({ ...ensemble, members: ensemble.members.toReversed() }, search);
    expect(forwards.fitted).toBe(true);
    forwards.weights.forEach((weight, member) =>
      expect(backwards.weights.at(-1 - member)).toBeCloseTo(weight, 9),
    );
  });
});

it('weights by evidence need two clips at least', async () => {
  await expect(fit(ensembleOf(1, 1, [0.5]), 'greedy')).rejects.toThrow('1 clip cannot be cut');
});
