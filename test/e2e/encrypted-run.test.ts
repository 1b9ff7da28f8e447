import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporal as api } from '@temporalio/proto';
import { temporalBinary } from '../../infra/toolchain';
import { AesGcmCodec } from '../../workers/payloads/aes-gcm-codec';
import { codecServer } from '../../workers/payloads/codec-server';
import { payloadKeys } from '../../workers/payloads/keys';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

const execFileAsync = promisify(execFile);

describe('a run with payload keys', () => {
  let cluster: Cluster;
  let codec: Server;
  const keys = { CED_PAYLOAD_KEYS: `k=${randomBytes(32).toString('base64')}` };

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: 16, validation: 8, eval: 8 });
    await cluster.worker('all', { environment: keys });
    codec = codecServer(new AesGcmCodec((await payloadKeys(keys))!), 'http://127.0.0.1:8233');
    await new Promise<void>((resolve) => codec.listen(0, '127.0.0.1', resolve));
  }, 120_000);
  afterAll(async () => {
    codec?.close();
    await cluster?.stop();
  }, 60_000);

  async function temporal(...args: string[]): Promise<string> {
    const { port } = codec.address() as AddressInfo;
    const places = [
      '--address',
      cluster.address,
      '--codec-endpoint',
      `http://127.0.0.1:${port}`,
      '--output',
      'json',
    ];
    return (await execFileAsync(temporalBinary(), [...args, ...places])).stdout;
  }

  it('is started and read by the Temporal CLI through the codec server, and its history holds nothing that the server could read', async () => {
    const corpus = {
      train: 'train.jsonl',
      validation: 'validation.jsonl',
      eval: 'eval.jsonl',
      vocabulary: 'vocabulary.csv',
    };
    const model = {
      name: 't',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 1,
      batchSize: 8,
      warmupSteps: 1,
      mixup: 0,
    };
    const run = {
      name: 'sealed',
      store: 'store-with-a-telling-name',
      corpus,
      chunkSeconds: 1,
      teachers: [model],
    };
    const runFile = join(cluster.folder, 'run.json');
    writeFileSync(runFile, JSON.stringify(run));
    await temporal(
      'workflow',
      'start',
      '--type',
      'teach',
      '--task-queue',
      'ced',
      '--workflow-id',
      'sealed',
      '--input-file',
      runFile,
    );
    const { result } = JSON.parse(
      await temporal('workflow', 'result', '--workflow-id', 'sealed'),
    ) as { result: RunResult };
    expect(result.students[0]).toMatchObject({ name: 't', bitExact: true });

    const history = await cluster.client.workflow.getHandle('sealed').fetchHistory();
    const stored = Buffer.from(api.api.history.v1.History.encode(history).finish()).toString(
      'latin1',
    );
    expect(stored).toContain('binary/encrypted');
    expect(stored).not.toContain('store-with-a-telling-name');
    expect(stored).not.toContain('vocabulary.csv');
  }, 120_000);
});
