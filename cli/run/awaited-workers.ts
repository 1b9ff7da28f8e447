/**
 * Which workers an open run waits for in vain: a run stays on the build that began it, and nothing
 * else tells that the last worker of that build is gone. Only the queue of workflows is looked at:
 * a worker that is busy with an activity does not poll for others.
 */
import { Connection, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { missingAttributes } from '../../workers/search-attributes';
import { TASK_QUEUES } from '../../workflows/contract/names';

type Poller = Pick<
  temporal.api.taskqueue.v1.PollerInfo.$Properties,
  'lastAccessTime' | 'deploymentOptions'
>;

/** A worker polls anew every minute; the server lists one for five after its last poll. */
const SILENT_AFTER_MS = 90_000;

/**
 * @param nowMs Unix time
 * @returns a sentence that names build, queue and remedy; null where a worker is there
 */
export async function awaitedWorkers(
  client: Client,
  workflowId: string,
  { raw }: Pick<WorkflowExecutionDescription, 'raw'>,
  nowMs: number,
): Promise<string | null> {
  const { versioningInfo } = raw.workflowExecutionInfo ?? {};
  const isMoved = versioningInfo?.versioningOverride?.autoUpgrade === true;
  const build = (isMoved ? null : versioningInfo?.deploymentVersion?.buildId) ?? '';
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: TASK_QUEUES.workflows },
  });
  if ((pollers ?? []).some((poller) => serves(poller, build, nowMs))) return null;
  // Workers do not start on a server that lacks them.
  const attributes = await missingIn(client);
  if (attributes !== null) return attributes;
  if (build === '')
    return (
      `no worker polls the queue ${TASK_QUEUES.workflows} of namespace ` +
      `${client.options.namespace}; start one with npm run worker -- --queue all`
    );
  return (
    `the run waits for workers of build ${build}, which began it: none polls the queue ` +
    `${TASK_QUEUES.workflows}. Start workers of that build again, or let the current build go ` +
    `on: temporal workflow update-options -w ${workflowId} ` +
    '--versioning-override-behavior auto_upgrade'
  );
}

/** What is wrong with the server's search attributes, as far as it says which it has. */
async function missingIn(client: Client): Promise<string | null> {
  const { connection, options } = client;
  if (!(connection instanceof Connection)) return null;
  const { namespace } = options;
  const listed = await connection.operatorService
    .listSearchAttributes({ namespace })
    .catch(() => null);
  const { address } = connection.options;
  return listed ? missingAttributes(listed.customAttributes, address, namespace) : null;
}

/** @param build empty = any */
function serves(
  { lastAccessTime, deploymentOptions }: Poller,
  build: string,
  nowMs: number,
): boolean {
  const seenMs = Number(lastAccessTime?.seconds ?? 0) * 1000;
  const isBuild = build === '' || deploymentOptions?.buildId === build;
  return isBuild && nowMs - seenMs < SILENT_AFTER_MS;
}
