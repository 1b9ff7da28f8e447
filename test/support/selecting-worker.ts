/**
 * A process with a worker of a user's rule that leaves training clips out, the same for every run:
 * `ADDRESS QUEUE CLIP…`. Its activity is `leaveOut`.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import type { SelectedClips } from '../../workflows/contract/selection';

async function main([address = '', taskQueue = '', ...leaveOut]: string[]): Promise<void> {
  const activities = { leaveOut: (): Promise<SelectedClips> => Promise.resolve({ leaveOut }) };
  const connection = await NativeConnection.connect({ address });
  await (await Worker.create({ connection, taskQueue, activities })).run();
}

void main(process.argv.slice(2));
