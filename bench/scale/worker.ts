/**
 * The benchmark's worker, in a process of its own whose memory can be watched: the workflow bundle
 * of every worker, and idle activities. argv: address, shards, clips.
 */
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createGpuActivities } from '../../activities/create-activities';
import { EPOCH_SIGNAL, TASK_QUEUES } from '../../workflows/contract/names';
import type { EmptyActivities } from './empty-workflow';
import { idleCpuActivities, idleEngine } from './idle-activities';

async function main([address = '', shards, clips]: string[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const size = { shards: Number(shards), clips: Number(clips) };
  const gpu = createGpuActivities({
    root: '',
    openStore: () => {
      throw new Error('idle activities open no store');
    },
    engine: idleEngine(size),
    monotonicMs: () => performance.now(),
    notifyEpoch: async ({ workflowId, runId }, record) => {
      await client.workflow.getHandle(workflowId, runId).signal(EPOCH_SIGNAL, record);
    },
  });
  const bundle = {
    workflowBundle: { codePath: join(__dirname, '..', '..', 'workflow-bundle.js') },
  };
  const emptyActivities: EmptyActivities = { empty: () => Promise.resolve() };
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: TASK_QUEUES.workflows, ...bundle }),
    Worker.create({
      connection,
      taskQueue: TASK_QUEUES.cpu,
      activities: { ...idleCpuActivities(size) },
    }),
    Worker.create({ connection, taskQueue: TASK_QUEUES.gpu, activities: { ...gpu } }),
    Worker.create({
      connection,
      taskQueue: 'empty',
      workflowsPath: require.resolve('./empty-workflow'),
      activities: { ...emptyActivities },
    }),
  ]);
  process.stdout.write('ready\n');
  await Promise.all(workers.map((worker) => worker.run()));
}

void main(process.argv.slice(2));
