/** The last stage of every run: its result and report, from what the store holds. */
import { workflowInfo } from '@temporalio/workflow';
import { cpu } from './activity-proxies';
import type { PublishInput, RunResult } from './contract/activities';
import { earlierRunIds } from './history-length';
import { mending } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';

/** What the run itself knows. */
type RunFields = 'workflowId' | 'workflowRunId' | 'earlierRunIds' | 'stages';

export async function publish(
  control: RunControl,
  corpus: Pick<PreparedCorpus, 'mend'>,
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
    earlierRunIds: earlierRunIds(control.carried),
    stages,
  };
  return await control.stage('publish', 1, async (stage) => {
    const published = await mending(() => cpu.publishRun(input), corpus.mend);
    stage.done = 1;
    return published;
  });
}
