import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWork, trainingAttemptId } from '../../activities/attempt-record';
import { readRunAttempts } from '../../activities/publish/run-attempts';
import { readRunCost } from '../../activities/publish/run-cost';
import { encodeChecksummed } from '../../storage/checksum';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import type { RunCost } from '../../workflows/contract/activities';
import { trainedModel } from '../report/sample-report';

const INPUTS = {
  ingestShard: { store: 's', planKey: 'p', split: 'train', shard: 0 },
  computeLogits: { store: 's', planKey: 'p', shard: 0, settings: { views: 2 } },
  trainModel: { store: 's', run: 'mine', planKey: 'p', settings: { name: 'mini' } },
} as const;
type Activity = keyof typeof INPUTS;

describe('what a run cost', () => {
  const student = trainedModel('mini', 1000);
  let folder: string;
  let store: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-cost-'));
    store = new FolderStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Records an attempt from second to second. @param end null = it was killed */
  async function record(
    run: string,
    activity: Activity,
    [attempt, from, to]: [number, number, number],
    end: { outcome?: string; reused?: boolean } | null = {},
    input: object = INPUTS[activity],
  ): Promise<void> {
    const { work, ...told } = describeWork(input);
    const activityId = String(Object.keys(INPUTS).indexOf(activity));
    const key = (moment: 'start' | 'end'): string =>
      layout.activityAttempt(run, activityId, attempt, moment);
    const start = { ...{ formatVersion: 1, activity, activityId, attempt, worker: 'w' }, ...told };
    const gpu = activity !== 'ingestShard';
    await store.create(
      key('start'),
      encodeChecksummed({
        ...start,
        ...(run === 'ancient' ? {} : { work }),
        ...{ taskQueue: gpu ? 'ced-gpu' : 'ced-cpu', scheduledMs: from * 1000 },
        startedMs: from * 1000,
      }),
    );
    if (end)
      await store.create(
        key('end'),
        encodeChecksummed({
          ...{ formatVersion: 1, endedMs: to * 1000, outcome: 'done', failure: null },
          ...{ reused: false, ...end },
        }),
      );
    // A training that is found is no attempt at it.
    if (activity === 'trainModel' && !end?.reused && input === INPUTS.trainModel)
      await store.create(
        layout.attempt(
          student.trainingKey,
          from,
          trainingAttemptId(`${run} ${activityId}`, attempt),
        ),
        encodeChecksummed({ formatVersion: 1, step: from }),
      );
  }

  async function costOf(workflowRunId: string): Promise<RunCost | null> {
    const run = { workflowRunId, kind: 'distill' as const, ensemble: [], students: [student] };
    return await readRunCost(store, run, await readRunAttempts(store, run));
  }

  /** A run that finds everything; of a found training its attempt does not say so. */
  async function repeated(run: string, from: number): Promise<void> {
    await record(run, 'ingestShard', [1, from, from + 1], { reused: true });
    await record(run, 'computeLogits', [1, from + 1, from + 2], { reused: true });
    const training = { ...INPUTS.trainModel, run: 'again' };
    await record(run, 'trainModel', [1, from + 2, from + 3], {}, training);
  }

  it('is the work of all its attempts, at once or not, lost and failed ones included', async () => {
    await record('a', 'ingestShard', [1, 0, 10]);
    await record('a', 'computeLogits', [1, 5, 20], { outcome: 'failed' });
    await record('a', 'computeLogits', [2, 30, 40]);
    await record('a', 'trainModel', [1, 40, 0], null);
    await record('a', 'trainModel', [2, 100, 160]);
    expect(await costOf('a')).toEqual({
      seconds: 20 + 10 + 60 + 60,
      cpuSeconds: 10,
      gpuSeconds: 15 + 10 + 60 + 60,
      stages: [
        { name: 'download', seconds: 10 },
        { name: 'logits', seconds: 25 },
        { name: 'distill', seconds: 120 },
      ],
      runs: [
        {
          workflowRunId: 'a',
          fromMs: 0,
          seconds: 150,
          cpuSeconds: 10,
          gpuSeconds: 145,
          attempts: 5,
          unsuccessful: 2,
        },
      ],
    });
  });

  it('is that of the runs that made it, where the last one found everything', async () => {
    await record('a', 'ingestShard', [1, 0, 10]);
    await record('a', 'computeLogits', [1, 10, 20]);
    await record('a', 'trainModel', [1, 20, 50], { outcome: 'stopped' });
    await record('b', 'ingestShard', [1, 100, 101], { reused: true });
    await record('b', 'computeLogits', [1, 101, 102], { reused: true });
    await record('b', 'trainModel', [1, 102, 162]);
    await repeated('c', 200);
    const cost = await costOf('c');
    expect(cost).toMatchObject({ seconds: 50 + 60, cpuSeconds: 10, gpuSeconds: 10 + 30 + 60 });
    expect(cost?.runs.map(({ workflowRunId, seconds }) => [workflowRunId, seconds])).toEqual([
      ['a', 50],
      ['b', 60],
    ]);
    expect(cost).not.toHaveProperty('unknown');
  });

  it('names the reports of other runs, where these came to one', async () => {
    await record('a', 'computeLogits', [1, 10, 20]);
    await record('a', 'trainModel', [1, 20, 50], { outcome: 'stopped' });
    await record('b', 'trainModel', [1, 102, 162]);
    await repeated('c', 200);
    await store.create('runs/mine/b/report.html', Buffer.from('<!doctype html>'));
    expect((await costOf('c'))?.runs.map(({ report }) => report)).toEqual([
      undefined,
      'runs/mine/b/report.html',
    ]);
    expect((await costOf('b'))?.runs.map(({ report }) => report)).toEqual([undefined, undefined]);
  });

  it('leaves out the training of another student, but not the logits that it shares', async () => {
    const other = { ...INPUTS.trainModel, settings: { name: 'tiny' } };
    await record('a', 'ingestShard', [1, 0, 10]);
    await record('a', 'computeLogits', [1, 10, 20]);
    await record('a', 'trainModel', [1, 20, 500], {}, other);
    await record('b', 'ingestShard', [1, 600, 601], { reused: true });
    await record('b', 'computeLogits', [1, 601, 602], { reused: true });
    await record('b', 'trainModel', [1, 602, 662]);
    expect(await costOf('b')).toMatchObject({
      seconds: 20 + 60,
      runs: [{ workflowRunId: 'a', seconds: 20 }, { workflowRunId: 'b' }],
    });
  });

  it('says how many results were found whose making nobody recorded', async () => {
    await record('b', 'ingestShard', [1, 600, 601], { reused: true });
    await record('b', 'computeLogits', [1, 601, 602], { reused: true });
    await record('b', 'trainModel', [1, 602, 662]);
    expect(await costOf('b')).toMatchObject({ seconds: 60, unknown: 2 });
  });

  it('knows a result that an attempt of the same run left before it was killed', async () => {
    await record('a', 'computeLogits', [1, 0, 0], null);
    await record('a', 'computeLogits', [2, 10, 11], { reused: true });
    expect(await costOf('a')).not.toHaveProperty('unknown');
    expect(await costOf('a')).toMatchObject({ seconds: 10, runs: [{ unsuccessful: 1 }] });
  });

  it('counts the runs of earlier versions that trained the student', async () => {
    await record('ancient', 'computeLogits', [1, 10, 20]);
    await record('ancient', 'trainModel', [1, 20, 50]);
    await repeated('c', 200);
    // The shard of audio: the logits are those that the earlier run made.
    expect(await costOf('c')).toMatchObject({
      seconds: 40,
      runs: [{ workflowRunId: 'ancient' }],
      unknown: 1,
    });
  });

  it('is not known where no attempt was recorded', async () => {
    expect(await costOf('a')).toBeNull();
  });
});
