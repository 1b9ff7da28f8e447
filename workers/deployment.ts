/**
 * Which build runs what (Temporal's worker deployment versioning): a run stays on the build that
 * began it, new runs begin on the current one. A build is the compiled code by its hash, so that
 * workers of one checkout are one build wherever they run.
 *
 * The build that was seen last for the first time makes itself current, as soon as all queues of
 * the current one are served by it. So a worker of an older build that is started again serves the
 * runs that are left to it and changes nothing.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection, WorkerDeploymentOptions } from '@temporalio/worker';

export const DEPLOYMENT = 'ced';
const GRPC_FAILED_PRECONDITION = 9;

/** @param compiled folder that holds the rooms a run depends on, as JavaScript */
export function buildIdOf(compiled: string): string {
  const hash = createHash('sha256');
  for (const room of ['workflows', 'activities', 'ced', 'workers'])
    for (const file of readdirSync(join(compiled, room), {
      recursive: true,
      encoding: 'utf8',
    }).sort())
      if (file.endsWith('.js'))
        hash.update(`${room}/${file}\n`).update(readFileSync(join(compiled, room, file)));
  return hash.digest('hex').slice(0, 12);
}

export interface Build {
  namespace: string;
  buildId: string;
  /** Whichever build was seen last. */
  always: boolean;
}

/** A run stays on its first build, also under a new history. */
export function deploymentOptions({ buildId }: Build): WorkerDeploymentOptions {
  return {
    version: { deploymentName: DEPLOYMENT, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  };
}

/**
 * To be called while this worker polls its `queues`. A server registers a build with its first
 * poll, within a second or so; a busy one takes longer, and until it has done so this asks again.
 * @param signal ends the asking
 * @returns a line that says where new runs go
 */
export async function becomeCurrent(
  connection: NativeConnection,
  { namespace, buildId, always }: Build,
  queues: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const service = connection.workflowService;
  for (; !signal.aborted; await sleep(200, null, { ref: false })) {
    if (!(await isListed(connection, namespace))) continue;
    const deployment = await service
      .describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT })
      .catch(() => null);
    const { versionSummaries, routingConfig } = deployment?.workerDeploymentInfo ?? {};
    const versions = (versionSummaries ?? []).map(({ deploymentVersion, createTime }) => ({
      buildId: deploymentVersion?.buildId,
      seen: Number(createTime?.seconds ?? 0) + (createTime?.nanos ?? 0) / 1e9,
    }));
    const own = versions.find((version) => version.buildId === buildId);
    if (!own) continue;
    const current = routingConfig?.currentDeploymentVersion?.buildId;
    if (current === buildId) return `build ${buildId}, new runs begin on it`;
    if (current && !always && versions.some(({ seen }) => seen > own.seen))
      return (
        `build ${buildId} serves the runs that it began; new ones begin on ${current} ` +
        '(--current changes that)'
      );
    try {
      await service.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: DEPLOYMENT,
        buildId,
        identity: 'ced worker',
      });
    } catch (error) {
      if ((error as { code?: number }).code !== GRPC_FAILED_PRECONDITION) continue;
      // A queue of its own may not be registered yet.
      if (!(await servesAll(connection, { namespace, buildId }, queues))) continue;
      return (
        `build ${buildId}, new runs begin on ${current} until all of its queues are served ` +
        'by this build too'
      );
    }
  }
  return `build ${buildId} was stopped before new runs began on it`;
}

/** What a worker says while it still asks. */
export function notYetCurrent(buildId: string): string {
  return (
    `build ${buildId} is not current yet: new runs wait, and this worker goes on asking; ` +
    '`temporal worker deployment set-current-version --deployment-name ' +
    `${DEPLOYMENT} --build-id ${buildId}\` does it by hand`
  );
}

/**
 * Whether the server has the deployment. To describe one that it lacks, as at the first start, puts
 * an error into its log. True where it does not say.
 */
async function isListed(
  { workflowService }: NativeConnection,
  namespace: string,
): Promise<boolean> {
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    const listed = await workflowService
      .listWorkerDeployments({ namespace, pageSize: 100, nextPageToken })
      .catch(() => null);
    if (listed === null) return true;
    if (listed.workerDeployments.some(({ name }) => name === DEPLOYMENT)) return true;
    ({ nextPageToken } = listed);
  } while (nextPageToken.length > 0);
  return false;
}

/**
 * Whether the server knows already that this build serves them: until it does, it refuses the build
 * for want of them where another is current. To ask for a version that it lacks puts an error into
 * its log, so this is asked for one that it has refused.
 */
async function servesAll(
  connection: NativeConnection,
  { namespace, buildId }: Pick<Build, 'namespace' | 'buildId'>,
  queues: readonly string[],
): Promise<boolean> {
  const deploymentVersion = { deploymentName: DEPLOYMENT, buildId };
  const described = await connection.workflowService
    .describeWorkerDeploymentVersion({ namespace, deploymentVersion })
    .catch(() => null);
  const served = new Set(
    described?.workerDeploymentVersionInfo?.taskQueueInfos?.map(({ name }) => name),
  );
  return queues.every((queue) => served.has(queue));
}
