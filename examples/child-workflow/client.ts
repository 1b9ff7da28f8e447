/** Starts the workflow and waits for its announcement. */
import { Client, Connection } from '@temporalio/client';
import { run } from './run';
import type { nightly } from './workflows';

async function main(): Promise<void> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233';
  const connection = await Connection.connect({ address });
  const announced = await new Client({ connection }).workflow.execute<typeof nightly>('nightly', {
    taskQueue: 'nightly',
    workflowId: 'nightly',
    args: [run],
  });
  console.log(announced);
  await connection.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
