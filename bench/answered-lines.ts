/** The program of a `MeasuredProcess`: what it does for each line, and what that takes. */
import { createInterface } from 'node:readline';
import type { Sample } from './measured-process';

/** Says that it is ready, then answers each line of standard input. */
export async function answerLines(answer: (what: string) => Promise<Sample>): Promise<void> {
  process.stdout.write('ready\n');
  for await (const what of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(what))}\n`);
}

/** What a run takes, in CPU time of this process. */
export async function sampleOf(run: () => unknown): Promise<Sample> {
  const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
  await run();
  const ms = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms, cpuMs: (user + system) / 1000 };
}
