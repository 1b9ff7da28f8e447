/** The last stage of every run: its result and report, from what the store holds. */
import { cpu } from './activity-proxies';
import type { PublishInput, RunResult } from './contract/activities';
import { mending } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';

export async function publish(
  control: RunControl,
  corpus: Pick<PreparedCorpus, 'mend'>,
  input: Omit<PublishInput, 'stages'>,
): Promise<RunResult> {
  const stages = control.status.stages
    .filter((stage) => stage.name !== 'publish')
    .map(({ name, seconds }) => ({ name, seconds }));
  return await control.stage('publish', 1, async (stage) => {
    const published = await mending(() => cpu.publishRun({ ...input, stages }), corpus.mend);
    stage.done = 1;
    return published;
  });
}
