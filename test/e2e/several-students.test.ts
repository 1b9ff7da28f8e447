import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

interface Span {
  fromMs: number;
  toMs: number;
  worker: string;
}

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

  async function trainings(workflowId: string): Promise<Span[]> {
    const { events } = await cluster.client.workflow.getHandle(workflowId).fetchHistory();
    const at = (event: {
      eventTime?: { seconds?: unknown; nanos?: number | null } | null;
    }): number => Number(event.eventTime?.seconds) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
    const scheduled = new Set<string>();
    const started = new Map<string, { fromMs: number; worker: string }>();
    const spans: Span[] = [];
    for (const event of events ?? []) {
      const {
        activityTaskScheduledEventAttributes: begun,
        activityTaskStartedEventAttributes: taken,
      } = event;
      if (begun?.activityType?.name === 'trainModel') scheduled.add(String(event.eventId));
      if (taken)
        started.set(String(taken.scheduledEventId), {
          fromMs: at(event),
          worker: taken.identity ?? '',
        });
      const completed = event.activityTaskCompletedEventAttributes;
      const start = completed && started.get(String(completed.scheduledEventId));
      if (start && scheduled.has(String(completed.scheduledEventId)))
        spans.push({ ...start, toMs: at(event) });
    }
    return spans;
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
      students: [model('one', 60), model('two', 60), model('three', 2)],
      ...common,
    };
    const result = (await cluster.client.workflow.execute('distill', {
      taskQueue: 'ced',
      workflowId: 'three',
      args: [run],
    })) as RunResult;

    expect(result.students.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
    const spans = await trainings('three');
    expect(spans).toHaveLength(3);
    expect(new Set(spans.map(({ worker }) => worker)).size).toBe(2);
    const [first, second] = [...spans].sort((a, b) => a.fromMs - b.fromMs);
    expect(second!.fromMs).toBeLessThan(first!.toMs);
  }, 240_000);
});
