import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { awaitedWorkers, type Caller } from '../../cli/run/awaited-workers';
import type { RunStatus, StageName } from '../../workflows/contract/status';

type Versioning = temporal.api.workflow.v1.IWorkflowExecutionVersioningInfo;

const NOW = Date.UTC(2026, 0, 5, 12);

/** A server whose queues are polled by workers of these builds, `current` being the current one. */
function serverWith(builds: Record<string, string[]>, current: string): Client {
  const seconds = NOW / 1000 - 10;
  const describeTaskQueue = ({ taskQueue }: { taskQueue: { name: string } }): Promise<object> =>
    Promise.resolve({
      pollers: (builds[taskQueue.name] ?? []).map((buildId) => ({
        ...{ lastAccessTime: { seconds }, deploymentOptions: { buildId } },
      })),
      versioningInfo: { currentDeploymentVersion: { buildId: current } },
    });
  return {
    options: { namespace: 'default' },
    workflowService: { describeTaskQueue },
    workflow: { list: () => [] },
  } as unknown as Client;
}

async function told(
  client: Client,
  versioningInfo: Versioning | null,
  caller: Caller = {},
): Promise<string[]> {
  const raw = { workflowExecutionInfo: { versioningInfo } };
  const described = { raw, taskQueue: 'ced' } as unknown as WorkflowExecutionDescription;
  return await awaitedWorkers(client, 'mine', described, NOW, caller);
}

function statusWith(state: RunStatus['state'], done: readonly StageName[]): RunStatus {
  const names: StageName[] = ['plan', 'download', 'distill', 'evaluate', 'publish'];
  return {
    ...{ run: 'mine', state, epochs: {}, scores: {}, failures: [] },
    stages: names.map((name) => ({
      ...{ name, unit: 'items', done: 0, total: 1, seconds: 0 },
      state: done.includes(name) ? 'done' : 'waiting',
    })),
  };
}

describe('what a run is told of the workers it waits for', () => {
  const all = { ced: ['new'], 'ced-cpu': ['new'], 'ced-gpu': ['new'] };
  const pinned = (buildId: string, deploymentName = 'ced'): Versioning => ({
    deploymentVersion: { deploymentName, buildId },
  });

  it('is nothing where workers of its build, or of the current one, poll every queue', async () => {
    expect(await told(serverWith(all, 'new'), null)).toEqual([]);
    expect(await told(serverWith(all, 'newer'), pinned('new'))).toEqual([]);
  });

  it('names the build that began it, and the way to another', async () => {
    expect(await told(serverWith(all, 'new'), pinned('old'))).toEqual([
      'the run waits for workers of build old, which began it: none polls the queue ced. Start ' +
        'workers of that build again, or let the current build go on: temporal workflow ' +
        'update-options -w mine --versioning-override-behavior auto_upgrade',
    ]);
    const moved = { ...pinned('old'), versioningOverride: { autoUpgrade: true } };
    expect(await told(serverWith(all, 'new'), moved)).toEqual([]);
  });

  it('names the current build where a run has not begun and only another polls', async () => {
    expect(await told(serverWith(all, 'newer'), null)).toEqual([
      'the run waits for workers of build newer, the current one: none polls the queue ced. ' +
        'Start workers of it, or make another build current: npm run worker -- --queue all ' +
        '--current',
    ]);
  });

  it('asks for no build of ours where the run belongs to a deployment of others', async () => {
    expect(await told(serverWith(all, 'new'), pinned('1.0', 'theirs'))).toEqual([]);
  });

  it('names a queue of activities that its build does not poll', async () => {
    const server = serverWith({ ...all, 'ced-gpu': ['old'] }, 'new');
    expect(await told(server, pinned('new'))).toEqual([
      'no worker polls the queue ced-gpu of namespace default with build new, where the run ' +
        'needs one; start one with npm run worker -- --queue gpu',
    ]);
  });

  it('is nothing of a GPU that no later stage needs, or while the run is paused', async () => {
    const server = serverWith({ ...all, 'ced-gpu': [] }, 'new');
    const trained = statusWith('running', ['plan', 'download', 'distill']);
    expect(await told(server, null, { status: trained })).toHaveLength(1);
    const scored = statusWith('running', ['plan', 'download', 'distill', 'evaluate']);
    expect(await told(server, null, { status: scored })).toEqual([]);
    expect(await told(server, null, { status: statusWith('paused', []) })).toEqual([]);
  });
});
