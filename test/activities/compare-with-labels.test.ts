import { compareWithLabels } from '../../activities/compare-with-labels';
import { layout } from '../../storage/layout';
import { handmadeRun, PLAN } from '../report/handmade-run';

describe('comparing the ensemble with what labels alone give', () => {
  it('reads the stored scores of validation, and says by how much, with a bootstrap', async () => {
    const { deps, input } = await handmadeRun();
    const [right, wrong] = input.ensemble;
    const phases = new Set<string>();
    const compare = (ensemble: typeof input.ensemble, fromLabels = right!) =>
      compareWithLabels(deps, { store: '', planKey: PLAN, ensemble, fromLabels }, (phase) =>
        phases.add(phase),
      );
    const below = await compare([wrong!]);
    // Average precisions: right 1, 1, 1; wrong 5/6, 1/2, 1.
    expect(below?.clips).toBe(4);
    expect(below?.mAP.ensemble).toBeCloseTo(7 / 9, 12);
    expect(below?.mAP.fromLabels).toBe(1);
    expect(below?.gain.mean).toBeCloseTo(2 / 9, 12);
    expect(below!.gain.low).toBeGreaterThanOrEqual(0);
    expect(below!.gain.high).toBeLessThanOrEqual(1);
    expect(below!.gain.high).toBeGreaterThan(below!.gain.low);
    expect(await compare([wrong!])).toEqual(below);
    expect((await compare([right!], wrong))?.gain.mean).toBeCloseTo(-2 / 9, 12);
    expect((await compare([right!]))?.gain).toEqual({ mean: 0, low: 0, high: 0 });
    expect([...phases]).toEqual(['comparing with labels']);
  });

  it('says nothing where validation has no labels', async () => {
    const { deps, input } = await handmadeRun({ labelled: false });
    const [fromLabels] = input.ensemble;
    const given = { store: '', planKey: PLAN, ensemble: input.ensemble };
    expect(await compareWithLabels(deps, { ...given, fromLabels: fromLabels! })).toBeNull();
  });

  it('is asked for anew where a model was not scored', async () => {
    const { deps, store, input } = await handmadeRun();
    const unscored = { name: 'from-labels', sha256: '9'.repeat(64), parameters: 1 };
    expect(await store.exists(layout.model(unscored.sha256))).toBe(false);
    await expect(
      compareWithLabels(deps, {
        ...{ store: '', planKey: PLAN, ensemble: input.ensemble, fromLabels: unscored },
      }),
    ).rejects.toThrow(/from-labels has no scores on corpus/);
  });
});
