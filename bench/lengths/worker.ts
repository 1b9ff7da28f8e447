/**
 * A measured process of `npm run bench -- lengths`: for every line on standard input it predicts
 * the next shard, as the engine process of a GPU worker does, and answers with its times, its
 * registered functions and its memory. Nothing is predicted before the first line, so the first
 * answer includes what a new process does once.
 */
import { createInterface } from 'node:readline';
import { logitsJob } from '../../jobs/logits/logits-job';
import type { LogitsInput } from '../../workflows/contract/activities';
import { logitsContext } from '../logits/context';
import type { ShardSample } from './report';

/** What the process is started with, as JSON. */
export interface LengthsWork {
  /** Of the store. */
  folder: string;
  input: LogitsInput;
  shards: number;
}

async function main({ folder, input, shards }: LengthsWork): Promise<void> {
  const context = logitsContext(folder);
  process.stdout.write('ready\n');
  let runs = 0;
  for await (const _ of createInterface({ input: process.stdin })) {
    // Each seed gives another key, so no earlier result is found.
    const settings = { ...input.settings, seed: input.settings.seed + Math.floor(runs / shards) };
    const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
    await logitsJob(context, { ...input, shard: runs++ % shards, settings });
    const ms = performance.now() - before;
    const { user, system } = process.cpuUsage(cpuBefore);
    const sample: ShardSample = {
      ms,
      cpuMs: (user + system) / 1000,
      functions: context.engine.functionCount,
      residentBytes: process.memoryUsage.rss(),
    };
    process.stdout.write(`${JSON.stringify(sample)}\n`);
  }
}

main(JSON.parse(process.argv[2] ?? '') as LengthsWork).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
