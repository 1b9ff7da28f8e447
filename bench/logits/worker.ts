/**
 * Our side of `npm run bench -- logits`. For every line on standard input it predicts all shards,
 * as the engine process of a GPU worker does; another process writes each, as a CPU worker does. It
 * answers with its times when the last shard is written.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { logitsJob } from '../../jobs/logits/logits-job';
import type { LogitsInput, WriteLogitsInput } from '../../workflows/contract/activities';
import { answerLines, sampleOf } from '../answered-lines';
import { logitsContext } from './context';

async function main({
  folder,
  input,
  shards,
}: {
  folder: string;
  input: LogitsInput;
  shards: number;
}): Promise<void> {
  const context = logitsContext(folder);
  const writer = fork(join(__dirname, 'writer.js'), [folder]);
  writer.on('exit', () => process.exit(1));
  let [toWrite, writerCpuMs] = [0, 0];
  writer.on('message', (cpuMs: number) => {
    toWrite--;
    writerCpuMs = cpuMs;
  });
  // Each seed gives another key, so no earlier result is found.
  let { seed } = input.settings;
  const predictAll = async (): Promise<void> => {
    const settings = { ...input.settings, seed: seed++ };
    for (let shard = 0; shard < shards; shard++) {
      const predicted = await logitsJob(context, { ...input, shard, settings });
      if (!('audioShard' in predicted) || predicted.reused)
        throw new Error('the shard was there already');
      writer.send({ store: '', shard, ...predicted } satisfies WriteLogitsInput);
      toWrite++;
    }
    while (toWrite > 0) await once(writer, 'message');
  };
  await predictAll();
  await answerLines(async () => {
    const writerCpuBefore = writerCpuMs;
    const { ms, cpuMs } = await sampleOf(predictAll);
    return { ms, cpuMs: cpuMs + writerCpuMs - writerCpuBefore };
  });
}

main(
  JSON.parse(process.argv[2] ?? '') as { folder: string; input: LogitsInput; shards: number },
).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
