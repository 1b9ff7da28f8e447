/** The last stage of every run: writes its result and report from the store. */
import { workflowInfo } from '@temporalio/workflow';
import { cpu } from './activity-proxies';
import { earlierRunIds } from './continuation';
import type { PublishInput, RunResult } from './contract/activities';
import { withRepair } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';

/** Fields that are the same for every workflow. */
type RunFields = 'workflowId' | 'workflowRunId' | 'earlierRunIds' | 'stages';

export async function publish(
  control: RunControl,
  corpus: Pick<PreparedCorpus, 'repair'>,
  content: Omit<PublishInput, RunFields>,
): Promise<RunResult> {
  const stages = control.status.stages
    .filter((stage) => stage.name !== 'publish')
    .map(({ name, seconds }) => ({ name, seconds }));
  const { workflowId, runId } = workflowInfo();
  const input: PublishInput = {
    ...content,
    workflowId,
    workflowRunId: runId,
    earlierRunIds: earlierRunIds(control.continuation),
    stages,
  };
  return await control.stage('publish', 1, async (stage) => {
    const published = await withRepair(() => cpu.publishRun(input), corpus.repair);
    stage.done = 1;
    return published;
  });
}
