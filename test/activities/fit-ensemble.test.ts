import { fitEnsemble } from '../../activities/fit-ensemble';
import { publishRun } from '../../activities/publish-run';
import { layout } from '../../storage/layout';
import { handmadeRun, PLAN } from '../report/handmade-run';

const search = { planKey: PLAN, search: 'greedy', seed: 42 } as const;

describe("fitting an ensemble's weights", () => {
  it('reads the stored scores of validation; result and report show what it found', async () => {
    const { deps, store, input } = await handmadeRun();
    const { ensemble } = input;
    const phases: string[] = [];
    const fit = await fitEnsemble(deps, { store: '', ensemble, ...search }, (phase) =>
      phases.push(phase),
    );
    // Four clips, of which each fold holds one: all weights are as good as any.
    expect(fit).toMatchObject({
      ...{ search: 'greedy', clips: 4, folds: 4, fitted: false },
      gain: { mean: 0, low: 0, high: 0 },
      teachers: [
        { name: 'right', before: 1 / 16, weight: 1 / 16 },
        { name: 'wrong', before: 15 / 16, weight: 15 / 16 },
      ],
    });
    expect(new Set(phases)).toEqual(new Set(['fitting the ensemble']));
    const result = await publishRun(deps, { ...input, ensembleFit: fit });
    expect(result.ensemble.fit).toEqual(fit);
    const page = await store.read(layout.runFile('handmade', 'first', 'report.html'));
    const report = Buffer.from(page ?? []).toString();
    expect(report).toContain('Ensemble weights');
    expect(report).toContain('the interval is not above 0');
  });

  it('is refused where validation has no labels, with the field and the remedy', async () => {
    const { deps, input } = await handmadeRun({ labelled: false });
    await expect(
      fitEnsemble(deps, { store: '', ensemble: input.ensemble, ...search }),
    ).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^ensemble: greedy fits weights to .* corpus\.validation, .*label them, or leave/,
      ) as unknown,
    });
  });
});
