/**
 * Moves an open run from the build that began it to whichever is current. Runs stay on their build
 * by themselves; where the workers of that build are gone, as after an upgrade on a machine of
 * one's own, nobody else would go on with them.
 */
import type { Client } from '@temporalio/client';
import { buildIdOf } from '../../workers/deployment';
import { repositoryRoot } from '../../infra/toolchain';
import { join } from 'node:path';

/**
 * @param buildId of the workers there are, by default of this checkout.
 * @returns false where the run is on it already, or on none
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
