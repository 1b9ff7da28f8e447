/**
 * A measured process of `npm run bench -- lengths`: for every stage named on standard input it runs
 * that stage, as the processes of a worker do, and answers with its times, its registered functions
 * and its memory. Nothing is computed before the first line, so the first answer includes what a
 * new process does once.
 */
import { answerLines, sampleOf } from '../answered-lines';
import { logitsContext } from '../logits/context';
import type { StageSample } from './report';
import { Stages, type LengthsWork, type Stage } from './stages';

async function main(work: LengthsWork): Promise<void> {
  const context = logitsContext(work.folder);
  const stages = new Stages(context, work);
  await answerLines(async (stage): Promise<StageSample> => {
    const run = await stages.prepare(stage as Stage);
    const sample = await sampleOf(run);
    const functions = context.engine.functionCount;
    return { ...sample, functions, residentBytes: process.memoryUsage.rss() };
  });
}

main(JSON.parse(process.argv[2] ?? '') as LengthsWork).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
