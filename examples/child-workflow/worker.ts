/** One process with your workflow and activities, and with those of ced-distillation. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { TASK_QUEUES } from 'ced-distillation/contract';
import { CedPlugin } from 'ced-distillation/worker';
import * as activities from './activities/announce';

async function main(): Promise<void> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233';
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./workflows');
  const own = await Worker.create({ connection, taskQueue: 'nightly', workflowsPath, activities });
  const plugins = [new CedPlugin()];
  const queues = [TASK_QUEUES.workflows, TASK_QUEUES.cpu, TASK_QUEUES.gpu];
  const theirs = await Promise.all(
    queues.map((taskQueue) => Worker.create({ connection, taskQueue, plugins })),
  );
  console.log('worker ready');
  await Promise.all([own, ...theirs].map((worker) => worker.run()));
  await connection.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
