/**
 * A measured process of `npm run bench -- lengths`: for every stage named on standard input it runs
 * that stage, as the processes of a worker do, and answers with its times, its registered functions
 * and its memory. Nothing is computed before the first line, so the first answer includes what a
 * new process does once.
 */
import { createInterface } from 'node:readline';
import { logitsContext } from '../logits/context';
import type { StageSample } from './report';
import { Stages, type LengthsWork, type Stage } from './stages';

async function main(work: LengthsWork): Promise<void> {
  const context = logitsContext(work.folder);
  const stages = new Stages(context, work);
  process.stdout.write('ready\n');
  for await (const stage of createInterface({ input: process.stdin })) {
    const run = await stages.prepare(stage as Stage);
    const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
    await run();
    const ms = performance.now() - before;
    const { user, system } = process.cpuUsage(cpuBefore);
    const sample: StageSample = {
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
