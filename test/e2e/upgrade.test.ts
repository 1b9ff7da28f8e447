import type { ChildProcess } from 'node:child_process';
import type { WorkflowHandle } from '@temporalio/client';
import { awaitedWorkers } from '../../cli/run/awaited-workers';
import { moveToCurrentBuild } from '../../cli/run/move-run';
import { Cluster, kill } from '../support/cluster';
import { SmallRuns, statusOf, studentOf } from '../support/small-run';

/** Workers of a second build come up while a student of the first is in training. */
describe('an upgrade in the middle of a run', () => {
  let cluster: Cluster;
  let runs: SmallRuns;
  let before: ChildProcess[];
  let early: WorkflowHandle;
  let left: WorkflowHandle;
  let student: string;

  const workersOf = async (buildId: string): Promise<ChildProcess[]> => {
    const options = ['--build-id', buildId];
    return [await cluster.worker('cpu', { options }), await cluster.worker('gpu', { options })];
  };
  const buildOf = async (handle: WorkflowHandle): Promise<string | null | undefined> =>
    (await handle.describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;

  const awaited = async (nowMs: number): Promise<string | null> =>
    (await awaitedWorkers(cluster.client, 'left', await left.describe(), nowMs))[0] ?? null;

  beforeAll(async () => {
    cluster = await Cluster.start();
    runs = SmallRuns.in(cluster);
    before = await workersOf('before');
  });
  afterAll(async () => cluster?.stop());

  it('leaves the student on its build, and begins new runs on the new one', async () => {
    early = await runs.start('early', { epochs: 200 });
    await runs.epochReached(early, 3);
    await workersOf('after');
    const late = await runs.start('late', { epochs: 200 });
    student = await studentOf(late);
    expect(await buildOf(late)).toBe('after');
    expect(await studentOf(early)).toBe(student);
    expect(await buildOf(early)).toBe('before');
    expect(runs.startingSteps('early')).toEqual([0]);
  });

  it('does not give new runs to a restarted worker of the earlier build', async () => {
    await Promise.all(before.map(kill));
    before = await workersOf('before');
    const again = await runs.start('again', { store: 'late', epochs: 200 });
    expect(await studentOf(again)).toBe(student);
    expect(await buildOf(again)).toBe('after');
  });

  it('lets an open run be moved when the workers of its build are gone for good', async () => {
    before.push(await cluster.worker('cpu', { options: ['--build-id', 'before', '--current'] }));
    left = await runs.start('left', { epochs: 200 });
    await runs.epochReached(left, 3);
    expect(await awaited(Date.now())).toBeNull();
    await Promise.all(before.map(toldToGo));
    await cluster.worker('cpu', { options: ['--build-id', 'after', '--current'] });
    expect((await statusOf(left).catch(() => null))?.state).not.toBe('done');
    expect(await awaited(Date.now() + 120_000)).toBe(
      'the run waits for workers of build before, which began it: none polls the queue ced. ' +
        'Start workers of that build again, or let the current build go on: temporal workflow ' +
        'update-options -w left --versioning-override-behavior auto_upgrade',
    );
    expect(await moveToCurrentBuild(cluster.client, 'left', 'after')).toBe(true);
    expect(await awaited(Date.now())).toBeNull();
    expect(await studentOf(left)).toBe(student);
    expect(runs.startingSteps('left').length).toBe(2);
  });
});

/** SIGTERM: its work is handed on at once. */
async function toldToGo(worker: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGTERM');
  await gone;
}
