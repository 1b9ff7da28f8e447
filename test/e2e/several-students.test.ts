import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus } from '../support/tone-corpus';

const { PENDING_ACTIVITY_STATE_STARTED } = temporal.api.enums.v1.PendingActivityState;
/** Many more than are ever trained: these trainings end when they are told to. */
const UNTIL_STOPPED = 100_000;

describe('three students of one run', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: 48, validation: 12, eval: 12 });
    await cluster.worker('cpu');
  }, 120_000);
  afterAll(async () => cluster?.stop(), 60_000);

  const model = (name: string, epochs: number) => ({
    ...{
      name,
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs,
      batchSize: 8,
      warmupSteps: 4,
      mixup: 0,
      validateEvery: 100,
      earlyStop: 0,
    },
    checkpointSeconds: 1,
  });
  const common = {
    store: 'store',
    corpus: {
      train: 'train.jsonl',
      validation: 'validation.jsonl',
      eval: 'eval.jsonl',
      vocabulary: 'vocabulary.csv',
    },
  };

  /** The workers that train now. */
  async function training(handle: WorkflowHandle): Promise<string[]> {
    const { pendingActivities } = (await handle.describe()).raw;
    return (pendingActivities ?? []).flatMap(({ activityType, state, lastWorkerIdentity }) =>
      activityType?.name === 'trainModel' && state === PENDING_ACTIVITY_STATE_STARTED
        ? [lastWorkerIdentity ?? '']
        : [],
    );
  }

  it('train side by side on two GPU workers, the third later, and end in one table', async () => {
    await cluster.worker('gpu');
    await cluster.worker('gpu');
    const teach = { name: 'teach', chunkSeconds: 1, teachers: [model('t', 2)], ...common };
    const trained = (await cluster.client.workflow.execute('teach', {
      taskQueue: 'ced',
      workflowId: 'teach',
      args: [teach],
    })) as RunResult;
    const run = {
      name: 'three',
      teachers: [
        { name: 't', checkpoint: `store/models/${trained.students[0]?.sha256}`, format: 'ced' },
      ],
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: [model('one', UNTIL_STOPPED), model('two', UNTIL_STOPPED), model('three', 2)],
      ...common,
    };
    const handle = await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: 'three',
      args: [run],
    });
    // Neither of the two ends by itself, and no worker trains two at once.
    await until(async () => new Set(await training(handle)).size === 2);
    expect(await training(handle)).toHaveLength(2);
    await handle.executeUpdate('stopAfterEpoch', { args: [2] });
    const result = (await handle.result()) as RunResult;
    expect(result.students.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  }, 240_000);
});
