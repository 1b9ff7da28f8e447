/**
 * A measured process of `npm run bench -- growth`: prepares one subject at one size, then does its
 * work for every line, and tells its time and the most memory that it took above what was held.
 */
import { writeFileSync } from 'node:fs';
import { answerLines, sampleOf } from '../answered-lines';
import type { Sample } from '../measured-process';
import { memoryBytes } from '../process-memory';
import { subjects } from './subjects';

export interface GrowthWork {
  /** Of the list of subjects. */
  index: number;
  size: number;
  /** Empty; the caller removes it. */
  folder: string;
}

export interface GrowthSample {
  cpuMs: number;
  /** Above what the process held when the work began. */
  peakBytes: number;
}

async function main({ index, size, folder }: GrowthWork): Promise<void> {
  const run = await subjects[index]!.prepare(size, folder);
  await answerLines(async (): Promise<GrowthSample & Sample> => {
    const before = process.memoryUsage.rss();
    // the peak counts anew: proc(5), clear_refs
    writeFileSync('/proc/self/clear_refs', '5');
    const sample = await sampleOf(run);
    return { ...sample, peakBytes: Math.max(0, memoryBytes('self', 'VmHWM') - before) };
  });
}

main(JSON.parse(process.argv[2] ?? '') as GrowthWork).catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
