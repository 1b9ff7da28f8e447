import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { statusOf, until } from '../support/small-run';
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
  });
  afterAll(async () => cluster?.stop());

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
  });

  it('may state budgets, as teachers may, and train for the epochs that these become', async () => {
    const budgeted = (name: string, budget: object): object => {
      const { epochs: _epochs, ...others } = model(name, 0);
      return { ...others, budget };
    };
    const execute = async (type: string, run: { name: string; [field: string]: unknown }) => {
      const options = { taskQueue: 'ced', workflowId: run.name, args: [run] };
      const handle = await cluster.client.workflow.start(type, options);
      const { students } = (await handle.result()) as RunResult;
      const { epochs, notes } = await statusOf(handle);
      return { students, epochs, notes };
    };
    const teachers = [budgeted('t', { steps: 13 })];
    const trained = await execute('teach', {
      ...{ name: 'budgeted-teach', chunkSeconds: 1, teachers },
      ...common,
    });
    expect(trained.epochs['t']).toMatchObject({ epoch: 2, epochs: 2 });
    expect(trained.notes).toContain(
      'teachers[0].budget: 13 steps become epochs 2 (12 steps), warmupSteps 1',
    );
    const checkpoint = `store/models/${trained.students[0]?.sha256}`;
    const distilled = await execute('distill', {
      ...{ name: 'budgeted', teachers: [{ name: 't', checkpoint, format: 'ced' }] },
      ...{ logits: { views: 2, topK: 3, chunkSeconds: 1 } },
      students: [budgeted('steps', { steps: 18 }), budgeted('minutes', { minutes: 1e-9 })],
      ...common,
    });
    expect(distilled.epochs).toMatchObject({
      ...{ steps: { epoch: 3, epochs: 3 }, minutes: { epoch: 4, epochs: 4 } },
    });
    expect(distilled.notes).toContain(
      'students[1].budget: 1e-9 minutes on 2 cores become epochs 4 (24 steps), warmupSteps 2; ' +
        'fewer are not trained, and these take about 0.0 minutes at the stated speed',
    );
  });
});
