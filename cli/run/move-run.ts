/**
 * Moves an open run from the build that began it to the current build. A run stays on its build
 * otherwise; when the workers of that build are gone, as after an upgrade of a single machine, no
 * worker would continue it.
 */
import type { Client } from '@temporalio/client';
import { buildIdOf } from '../../workers/deployment';
import { repositoryRoot } from '../../infra/toolchain';
import { join } from 'node:path';

/**
 * @param buildId of the running workers, by default of this checkout
 * @returns false if the run is on that build already, or on none
 */
export async function moveToCurrentBuild(
  client: Client,
  workflowId: string,
  buildId = buildIdOf(join(repositoryRoot, 'dist')),
): Promise<boolean> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const began = raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  if (!began || began === buildId) return false;
  await client.workflowService.updateWorkflowExecutionOptions({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
    updateMask: { paths: ['versioning_override'] },
  });
  return true;
}
