/**
 * Compares the best student with the present champion on the same clips, in one activity, and
 * promotes it if it gains enough. If another run changed the champion in between, the comparison is
 * made again with the new one.
 */
import { cpu, gpu } from './activity-proxies';
import type { Promotion } from './contract/promotion';
import type { DistillRun } from './contract/run-file';
import { workflowInfo } from '@temporalio/workflow';
import { type Repair, withRepair } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';
import type { TrainedModel } from './contract/models';

/** @returns null where the run file has no `promote` */
export async function promoteBest(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  students: readonly TrainedModel[],
): Promise<Promotion | null> {
  const { promote } = run;
  const [first] = students;
  if (!promote || !first) return null;
  // Eval selects no model: the challenger is the best on validation, of equal ones the first.
  const challenger = students.reduce(
    (best, each) => ((each.validationMAP ?? -1) > (best.validationMAP ?? -1) ? each : best),
    first,
  );
  const { workflowId, runId } = workflowInfo();
  const { store, name } = run;
  return await control.stage('promote', 1, async (stage) => {
    for (;;) {
      const incumbent = await cpu.findChampion({ store, champion: promote.champion });
      const { sha256, parameters } = challenger;
      // The champion's copy in the store comes from the champion's own folder.
      const repair: Repair = (damage) =>
        damage.kind === 'model' && damage.sha256 === incumbent?.sha256
          ? cpu.findChampion({ store, champion: promote.champion })
          : corpus.repair(damage);
      const comparison = await withRepair(
        () =>
          control.interruptibly('other', () =>
            gpu.compareModels({
              store,
              planKey: corpus.plan.planKey,
              champion: incumbent,
              challenger: { name: challenger.name, sha256, parameters },
              chunkSeconds: run.logits.chunkSeconds,
            }),
          ),
        repair,
      );
      const decision = await cpu.promoteChallenger({
        store,
        ...promote,
        run: name,
        workflowId,
        workflowRunId: runId,
        challenger,
        incumbent,
        comparison,
      });
      if ('overtaken' in decision) continue;
      stage.done = 1;
      return decision;
    }
  });
}
