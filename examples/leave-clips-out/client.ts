/** Starts the run, follows it, and prints which clips were left out. */
import { Client, Connection } from '@temporalio/client';
import { startRun } from 'ced-distillation/client';
import { run } from './run';

async function main(): Promise<void> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233';
  const connection = await Connection.connect({ address });
  const started = await startRun(new Client({ connection }), 'distill', run);
  for await (const { stages } of started.follow())
    console.error(stages.map(({ name, state }) => `${name} ${state}`).join(', '));
  const { selection, students } = await started.result();
  console.log(JSON.stringify({ selection, student: students[0]?.checkpoint }));
  await connection.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
