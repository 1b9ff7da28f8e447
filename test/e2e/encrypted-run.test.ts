import { execFile, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, type ScheduleHandle, type WorkflowHandle } from '@temporalio/client';
import { temporal as api } from '@temporalio/proto';
import { temporalBinary } from '../../infra/toolchain';
import { AesGcmCodec } from '../../workers/payloads/aes-gcm-codec';
import { dataConverter } from '../../workers/payloads/data-converter';
import { codecServer } from '../../workers/payloads/codec-server';
import { payloadKeys } from '../../workers/payloads/keys';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

const execFileAsync = promisify(execFile);

/** Ids of the first `count` workflows that a schedule has started. */
async function scheduledRuns(schedule: ScheduleHandle, count: number): Promise<string[]> {
  for (;;) {
    const { info } = await schedule.describe();
    const ids = info.recentActions.map(({ action }) => action.workflow.workflowId);
    if (ids.length >= count) return ids;
    await sleep(100);
  }
}

/** Waits for the first failed task of a workflow. @returns the messages of all there are */
async function failuresOf(handle: WorkflowHandle): Promise<{ taskFailures: string[] }> {
  for (;;) {
    const { events } = await handle.fetchHistory();
    const taskFailures = (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      failed?.failure?.message ? [failed.failure.message] : [],
    );
    if (taskFailures.length > 0) return { taskFailures };
    await sleep(100);
  }
}

async function end(worker: ChildProcess): Promise<void> {
  worker.kill('SIGTERM');
  if (worker.exitCode === null) await once(worker, 'exit');
}

describe('a run with payload keys', () => {
  let cluster: Cluster;
  let codec: Server;
  let worker: ChildProcess;
  const keys = { CED_PAYLOAD_KEYS: `k=${randomBytes(32).toString('base64')}` };

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: 16, validation: 8, eval: 8 });
    worker = await cluster.worker('all', {
      environment: { ...keys, CED_PAYLOAD_REQUIRE: 'encrypted' },
    });
    codec = codecServer(new AesGcmCodec((await payloadKeys(keys))!), 'http://127.0.0.1:8233');
    await new Promise<void>((resolve) => codec.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    codec?.close();
    await cluster?.stop();
  });

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

  const corpus = {
    train: 'train.jsonl',
    validation: 'validation.jsonl',
    eval: 'eval.jsonl',
    vocabulary: 'vocabulary.csv',
  };
  const teacher = {
    name: 't',
    model: { embedDim: 32, depth: 1, heads: 2 },
    epochs: 1,
    batchSize: 8,
    warmupSteps: 1,
    mixup: 0,
  };
  const runNamed = (name: string): object => ({
    name,
    store: 'store-with-a-telling-name',
    corpus,
    chunkSeconds: 1,
    teachers: [teacher],
  });

  it('is started and read through the codec server, and unreadable in its history', async () => {
    const runFile = join(cluster.folder, 'run.json');
    writeFileSync(runFile, JSON.stringify(runNamed('encrypted')));
    await temporal(
      'workflow',
      'start',
      '--type',
      'teach',
      '--task-queue',
      'ced',
      '--workflow-id',
      'encrypted',
      '--input-file',
      runFile,
    );
    const { result } = JSON.parse(
      await temporal('workflow', 'result', '--workflow-id', 'encrypted'),
    ) as { result: RunResult };
    expect(result.students[0]).toMatchObject({ name: 't', bitExact: true });

    const history = await cluster.client.workflow.getHandle('encrypted').fetchHistory();
    const stored = Buffer.from(api.api.history.v1.History.encode(history).finish()).toString(
      'latin1',
    );
    expect(stored).toContain('binary/encrypted');
    expect(stored).not.toContain('store-with-a-telling-name');
    expect(stored).not.toContain('vocabulary.csv');
  });

  it('takes only payloads bound to it if required, from a client and a schedule', async () => {
    await end(worker);
    worker = await cluster.worker('all', {
      environment: { ...keys, CED_PAYLOAD_REQUIRE: 'bound' },
    });
    const client = new Client({
      connection: cluster.client.connection,
      ...(await dataConverter({ ...keys, CED_PAYLOAD_REQUIRE: 'bound' })),
    });
    const action = { taskQueue: 'ced', args: [runNamed('bound')] };
    const started = await client.workflow.start('teach', { ...action, workflowId: 'bound' });
    expect(await started.result()).toMatchObject({ students: [{ name: 't' }] });
    const schedule = await client.schedule.create({
      scheduleId: 'nightly',
      spec: {},
      action: { ...action, type: 'startWorkflow', workflowType: 'teach', workflowId: 'nightly' },
    });
    // The second is given the result of the first.
    for (const count of [1, 2]) {
      await schedule.trigger();
      const ids = await scheduledRuns(schedule, count);
      const result: unknown = await client.workflow.getHandle(ids[count - 1] ?? '').result();
      expect(result).toMatchObject({ students: [{ name: 't' }] });
    }
    const plain = await cluster.client.workflow.start('teach', { ...action, workflowId: 'plain' });
    const { taskFailures } = await failuresOf(plain);
    expect(taskFailures[0]).toContain('a payload is not encrypted');
    await plain.terminate();
  });
});
