import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { dataConverter } from '../../workers/payloads/data-converter';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

describe('a run with payload keys', () => {
  let cluster: Cluster;
  const keys = { CED_PAYLOAD_KEYS: `k=${randomBytes(32).toString('base64')}` };

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: 16, validation: 8, eval: 8 });
    await cluster.worker('all', { environment: keys });
  }, 120_000);
  afterAll(async () => cluster?.stop(), 60_000);

  it('ends like any other, and its history holds nothing that the server could read', async () => {
    const client = new Client({ connection: cluster.client.connection, ...(await dataConverter(keys)) });
    const corpus = { train: 'train.jsonl', validation: 'validation.jsonl', eval: 'eval.jsonl', vocabulary: 'vocabulary.csv' };
    const model = { name: 't', model: { embedDim: 32, depth: 1, heads: 2 }, epochs: 1, batchSize: 8, warmupSteps: 1, mixup: 0 };
    const run = { name: 'sealed', store: 'store-with-a-telling-name', corpus, chunkSeconds: 1, teachers: [model] };
    const result = (await client.workflow.execute('teach', { taskQueue: 'ced', workflowId: 'sealed', args: [run] })) as RunResult;
    expect(result.students[0]).toMatchObject({ name: 't', bitExact: true });

    const history = await cluster.client.workflow.getHandle('sealed').fetchHistory();
    const stored = Buffer.from(temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
    expect(stored).toContain('binary/encrypted');
    expect(stored).not.toContain('store-with-a-telling-name');
    expect(stored).not.toContain('vocabulary.csv');
  }, 120_000);
});
