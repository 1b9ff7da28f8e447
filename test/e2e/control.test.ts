import { spawnSync, type ChildProcess } from 'node:child_process';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalBinary } from '../../infra/toolchain';
import type { RunStatus } from '../../workflows/contract/status';
import { childrenOf, Cluster } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { SmallRuns, statusOf, studentOf, until } from '../support/small-run';

/**
 * What people do to a run in the middle of its training, with Temporal's own command-line tool.
 * Whatever it is, the student stays the same.
 */
describe('a run under control of the Temporal CLI', () => {
  let cluster: Cluster;
  let runs: SmallRuns;
  let gpu: ChildProcess;
  let undisturbed: string;

  /** @returns what it prints */
  const temporal = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(
      temporalBinary(),
      [...args, '--address', cluster.address],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`temporal ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };
  const update = (workflowId: string, name: string, ...input: string[]): unknown => {
    const said = temporal(
      'workflow',
      'update',
      'execute',
      '-w',
      workflowId,
      '--name',
      name,
      ...input,
      '--output',
      'json',
    );
    return (JSON.parse(said) as { result: unknown }).result;
  };
  const status = (workflowId: string): RunStatus => {
    const said = JSON.parse(
      temporal('workflow', 'query', '-w', workflowId, '--type', 'status', '--output', 'json'),
    ) as {
      queryResult: RunStatus[];
    };
    return said.queryResult[0]!;
  };
  const pending = async (handle: WorkflowHandle) =>
    (await handle.describe()).raw.pendingActivities ?? [];
  /** Long enough to still be running when a command was typed. */
  const start = (name: string, store = name): Promise<WorkflowHandle> =>
    runs.start(name, { store, epochs: 300 });
  const engines = (): number[] => childrenOf(gpu.pid ?? NaN);

  beforeAll(async () => {
    cluster = await Cluster.start();
    runs = SmallRuns.in(cluster);
    await cluster.worker('cpu');
    gpu = await cluster.worker('gpu');
    undisturbed = await studentOf(await start('undisturbed'));
  });
  afterAll(async () => cluster?.stop());

  it('costs its history far fewer signals than it has epochs, and knows the last one', async () => {
    const { events } = await cluster.client.workflow.getHandle('undisturbed').fetchHistory();
    const signals = events?.filter((event) => event.workflowExecutionSignaledEventAttributes);
    // The first epoch and every sixth; one more only for ten minutes of training.
    expect(signals?.length).toBeGreaterThanOrEqual(51);
    expect(signals?.length).toBeLessThan(60);
    expect(status('undisturbed').epochs['student']).toMatchObject({ epoch: 300, epochs: 300 });
  });

  it('is paused after a checkpoint, frees the GPU, answers queries, and is resumed', async () => {
    const handle = await start('paused');
    await runs.epochReached(handle, 5);
    expect(update('paused', 'pause')).toBe('paused');
    await until(async () => (await pending(handle)).length === 0);
    await until(() => Promise.resolve(engines().length === 0));
    const { state, epochs } = status('paused');
    expect(state).toBe('paused');
    const [step] = runs.checkpointedSteps('paused').slice(-1);
    expect(step).toBeGreaterThanOrEqual(epochs['student']?.step ?? Infinity);
    expect(update('paused', 'resume')).toBe('running');
    expect(await studentOf(handle)).toBe(undisturbed);
    expect(runs.startingSteps('paused')).toEqual([0, step]);
    expect(status('paused').state).toBe('done');
  });

  it('ends after the epoch that stopAfterEpoch names', async () => {
    const handle = await start('shortened');
    await runs.epochReached(handle, 5);
    expect(update('shortened', 'stopAfterEpoch', '--input', '250')).toBe(250);
    await handle.result();
    expect(status('shortened').epochs['student']).toMatchObject({ epoch: 250, epochs: 300 });
    expect(() => update('shortened', 'stopAfterEpoch', '--input', '0')).toThrow();
    await recordHistory(handle, 'distill-shortened');
  });

  it('is cancelled after a checkpoint, from which a later run goes on', async () => {
    const handle = await start('cancelled');
    await runs.epochReached(handle, 5);
    temporal('workflow', 'cancel', '-w', 'cancelled');
    await expect(handle.result()).rejects.toThrow(/cancelled/i);
    await recordHistory(handle, 'distill-cancelled');
    expect(status('cancelled').state).toBe('cancelled');
    const [step] = runs.checkpointedSteps('cancelled').slice(-1);
    expect(await studentOf(await start('cancelled-again', 'cancelled'))).toBe(undisturbed);
    expect(runs.startingSteps('cancelled')).toEqual([0, step]);
  });

  it('has its training paused and unpaused as an activity, and loses no step', async () => {
    const handle = await start('activity-paused');
    await runs.epochReached(handle, 5);
    const [training] = await pending(handle);
    const activity = ['--activity-id', training?.activityId ?? '', '-w', 'activity-paused'];
    temporal('activity', 'pause', ...activity);
    await until(() => Promise.resolve(engines().length === 0));
    const [step] = runs.checkpointedSteps('activity-paused').slice(-1);
    expect(status('activity-paused').state).toBe('running');
    expect((await pending(handle))[0]).toMatchObject({ paused: true });
    temporal('activity', 'unpause', ...activity);
    expect(await studentOf(handle)).toBe(undisturbed);
    expect(runs.startingSteps('activity-paused')).toEqual([0, step]);
  });

  it('is reset to its first workflow task, and finds what it had done', async () => {
    const handle = await start('reset');
    await runs.epochReached(handle, 5);
    temporal('workflow', 'reset', '-w', 'reset', '--type', 'FirstWorkflowTask', '--reason', 'test');
    const current = cluster.client.workflow.getHandle('reset');
    expect(await studentOf(current)).toBe(undisturbed);
    expect(runs.startingSteps('reset').at(-1)).toBeGreaterThan(0);
    expect((await statusOf(current)).state).toBe('done');
    await recordHistory(current, 'distill-reset');
  });
});
