/**
 * `npm run bench -- checkpoint`: what checkpoints cost a training. Measures steps alone and steps
 * beside the commit of a checkpoint (weights and moments), in turns. The time a commit adds,
 * divided by the default interval between two, is its share of the training's time.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { engineEnvironment } from '../ced/engine/environment';
import { bytes } from '../cli/quantities';
import { studentSchema } from '../workflows/contract/run-file-sections';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf, text } from '../infra/command-line/option';
import type { CheckpointBenchOptions, Round } from './checkpoint/trainer-process';
import { MODELS } from './models';
import { median } from './table';

const LIMIT_PERCENT = 2;
const intervalSeconds = studentSchema.shape.checkpointSeconds.parse(undefined);

const line = commandLine({
  program: 'npm run bench',
  usage: 'checkpoint [options]',
  about: [
    'Measures what a checkpoint adds to the steps beside it, over the default interval of ' +
      `${intervalSeconds} s. Exit status 1 above ${LIMIT_PERCENT} %.`,
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'mini', help: MODELS.join(', ') },
    batch: { value: 'N', is: count, default: 8, help: 'clips of 10 s in a step' },
    rounds: { value: 'N', is: count, default: 5, help: 'checkpoints' },
    folder: {
      value: 'DIR',
      is: text,
      shown: "the system's folder for temporary files",
      help: 'where checkpoints are written',
    },
  },
  examples: ['npm run bench -- checkpoint --model tiny --rounds 3'],
});

/** @returns exit status */
export async function checkpointBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { model, batch, rounds, folder = null } }) => {
    const measured = await measure({ model, batch, rounds, folder });
    if (measured.length < rounds) throw new Error("the bench's training ended early");
    return report(measured, `${model}, batch ${batch}`);
  });
}

/** @returns exit status */
function report(measured: readonly Round[], what: string): number {
  const of = (field: keyof Round): number => median(measured.map((round) => round[field]));
  const percent = (added: number): string =>
    `${((added / 1000 / intervalSeconds) * 100).toFixed(2)} %`;
  const added = median(
    measured.map(({ blockedMs, slowedMs }) => blockedMs + Math.max(0, slowedMs)),
  );
  const rows = [
    ['step alone', of('stepMs'), ''],
    ['snapshot, which steps wait for', of('blockedMs'), percent(of('blockedMs'))],
    ['steps beside the commit, longer by', of('slowedMs'), percent(of('slowedMs'))],
    ['added by a checkpoint', added, percent(added)],
    ['from snapshot to commit', of('commitMs'), ''],
    ['for comparison: a commit that steps wait for', of('inlineMs'), percent(of('inlineMs'))],
  ] as const;
  const size = `${bytes(of('bytes'))} a checkpoint, every ${intervalSeconds} s`;
  console.log(`${what}: ${size}; medians of ${measured.length}\n`);
  console.log('| | ms | of the training |\n| --- | ---: | ---: |');
  for (const [name, ms, share] of rows) console.log(`| ${name} | ${ms.toFixed(0)} | ${share} |`);
  const kept = (added / 1000 / intervalSeconds) * 100 <= LIMIT_PERCENT;
  console.log(`\ncheckpoints cost ${percent(added)} (limit ${LIMIT_PERCENT} %)`);
  return kept ? 0 : 1;
}

async function measure(options: CheckpointBenchOptions): Promise<Round[]> {
  const env = { ...process.env, ...engineEnvironment({}) };
  const args = [join(__dirname, 'checkpoint', 'trainer-process.js'), JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const rounds: Round[] = [];
  const startedMs = performance.now();
  for await (const line of createInterface({ input: child.stdout })) {
    rounds.push(JSON.parse(line) as Round);
    const eta =
      ((performance.now() - startedMs) / rounds.length / 1000) * (options.rounds - rounds.length);
    const rest = eta > 0 ? `, ETA ${eta.toFixed(0)} s` : '';
    process.stderr.write(`checkpoint ${rounds.length} of ${options.rounds}${rest}\n`);
  }
  return rounds;
}
