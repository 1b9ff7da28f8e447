/** Says before any logits are computed whether labels alone would give more than the ensemble. */
import { cpu } from './activity-proxies';
import type { ImportedModels } from './contract/activities';
import type { Hint } from './contract/hints';
import { labelsHints, labelsNote, type LabelsComparison } from './contract/labels-comparison';
import type { EnsembleMember } from './contract/models';
import type { DistillRun } from './contract/run-file';
import type { PreparedCorpus } from './prepare-corpus';
import { withRepair } from './repair';
import type { RunControl } from './run-control';

/** @param ensemble that the students will follow */
export async function compareWithLabels(
  control: RunControl,
  run: DistillRun,
  { plan: { planKey }, repair }: PreparedCorpus,
  { fromLabels }: ImportedModels,
  ensemble: EnsembleMember[],
): Promise<Hint[]> {
  if (run.fromLabels === undefined) return [];
  const { store } = run;
  const comparison =
    fromLabels &&
    (await control.runOnce<LabelsComparison | null>('labels', () =>
      withRepair(() => cpu.compareWithLabels({ store, planKey, ensemble, fromLabels }), repair),
    ));
  if (!comparison) {
    const why = fromLabels
      ? 'clips of corpus.validation have no labels'
      : 'the models were imported by a worker of an earlier version';
    control.note([`fromLabels: it is not compared with the ensemble: ${why}`]);
    return [];
  }
  const hints = labelsHints(comparison);
  const texts = hints.map(({ text }) => text);
  control.note(texts.length > 0 ? texts : [labelsNote(comparison)]);
  return hints;
}
