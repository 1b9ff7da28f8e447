/** Weights by evidence (`ensemble` of a run file): which teachers are followed, and how much. */
import { cpu } from './activity-proxies';
import type { EnsembleFit } from './contract/activities';
import type { EnsembleMember } from './contract/models';
import type { DistillRun } from './contract/run-file';
import type { PreparedCorpus } from './prepare-corpus';
import { withRepair } from './repair';
import type { RunControl } from './run-control';

interface ChosenEnsemble {
  members: EnsembleMember[];
  /** Absent where the run file's weights are taken as they are. */
  fit?: EnsembleFit;
}

export async function chooseEnsemble(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  teachers: EnsembleMember[],
): Promise<ChosenEnsemble> {
  const { ensemble: search = 'equal', logits, store } = run;
  if (search === 'equal' || 'published' in logits) return { members: teachers };
  const { planKey } = corpus.plan;
  const fit = await control.runOnce('ensemble', () =>
    withRepair(
      () => cpu.fitEnsemble({ store, planKey, ensemble: teachers, search, seed: logits.seed }),
      corpus.repair,
    ),
  );
  control.note([fitNote(fit)]);
  if (!fit.fitted) return { members: teachers, fit };
  const members = teachers.flatMap((teacher, index) => {
    const weight = fit.teachers[index]?.weight ?? 0;
    return weight > 0 ? [{ ...teacher, weight }] : [];
  });
  return { members, fit };
}

function fitNote({ search, fitted, gain, teachers }: EnsembleFit): string {
  const points = (value: number): string => value.toFixed(4);
  const range = `${points(gain.mean)} mAP (95 %: ${points(gain.low)} to ${points(gain.high)})`;
  if (!fitted)
    return `ensemble: ${search} gains ${range} on clips not fitted on: the weights are kept`;
  const chosen = teachers.map(({ name, weight }) => `${name} ${weight.toFixed(3)}`).join(', ');
  return `ensemble: ${search} chose ${chosen}; it gains ${range} on clips not fitted on`;
}
