/**
 * The challenger against the champion of now: heard on the same clips in one activity, then
 * promoted by one entry in the ledger, or not. When somebody else changed the champion in between,
 * the comparison is made again with the new one.
 */
import { cpu, gpu } from './activity-proxies';
import type { Damage } from './contract/damage';
import type { Promotion } from './contract/promotion';
import type { DistillRun } from './contract/run-file';
import { workflowInfo } from '@temporalio/workflow';
import { mending } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';
import type { TrainedModel } from './contract/models';

/** @returns null where the run file puts nobody up */
export async function putUp(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  students: readonly TrainedModel[],
): Promise<Promotion | null> {
  const { promote } = run;
  const [first] = students;
  if (!promote || !first) return null;
  // Eval picks nobody: the challenger is the best on validation, the earlier of two as good.
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
      // The champion's copy in the store comes from its own folder.
      const mend = (damage: Damage) =>
        damage.kind === 'model' && damage.sha256 === incumbent?.sha256
          ? cpu.findChampion({ store, champion: promote.champion })
          : corpus.mend(damage);
      const comparison = await mending(
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
        mend,
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
