import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import type { RunStatus } from '../../workflows/contract/status';
import { Cluster } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

const run = promisify(execFile);

describe('ced store gc --min-age-days 0 --yes, again and again beside a run', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
    await cluster.worker('all');
  });
  afterAll(async () => await cluster?.stop(), 60_000);

  it('takes nothing from it: no attempt at anything fails', async () => {
    const corpus = writeToneCorpus(cluster.folder, { train: 60, validation: 12, eval: 12 });
    const teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    const student = {
      name: 'tiny',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 4,
      batchSize: 8,
      warmupSteps: 1,
      mixup: 0,
    };
    const handle = await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: 'beside',
      args: [
        {
          name: 'beside',
          store: 'store',
          corpus: { ...corpus, clipsPerShard: 12 },
          teachers: [teacher],
          logits: { views: 2, topK: 3, chunkSeconds: 1 },
          students: [student],
        },
      ],
    });
    let over = false;
    const result = (handle.result() as Promise<RunResult>).finally(() => (over = true));
    const cli = join(repositoryRoot, 'dist/cli/main.js');
    const gc = ['store', 'gc', join(cluster.folder, 'store'), '--min-age-days', '0', '--yes'];
    let collections = 0;
    // Before it has planned, there is no store yet.
    await until(async () => {
      const { stages } = await handle.query<RunStatus>('status');
      return stages.some(({ name, state }) => name === 'plan' && state === 'done');
    });
    while (!over) {
      await run(process.execPath, ['--no-warnings', cli, ...gc]);
      collections++;
    }
    expect(await result).toMatchObject({ students: [{ name: 'tiny' }] });
    expect(collections).toBeGreaterThan(1);
    const { events } = await handle.fetchHistory();
    const attempts = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started ? [Number(started.attempt)] : [],
    );
    const failed = (events ?? []).filter((event) => event.activityTaskFailedEventAttributes);
    expect({ attempts: Math.max(...attempts), failed: failed.length }).toEqual({
      attempts: 1,
      failed: 0,
    });
  });
});
