/**
 * `npm run bench -- checkpoint`: what checkpoints cost a training. Steps alone and beside the
 * commit of a checkpoint (weights and moments), in turns; what a commit adds, over the default
 * interval between two, is the share of the training's time.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { engineEnvironment } from '../ced/engine/environment';
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';
import { UsageError } from '../cli/failure';
import { bytes } from '../cli/quantities';
import { studentSchema } from '../workflows/contract/run-file-sections';
import type { CheckpointBenchOptions, Round } from './checkpoint/trainer-process';
import { median } from './table';

const LIMIT_PERCENT = 2;
const intervalSeconds = studentSchema.shape.checkpointSeconds.parse(undefined);

const help = `npm run bench -- checkpoint [options]

Measures what a checkpoint adds to the steps beside it, over the default interval of ${intervalSeconds} s. Exit status 1 above ${LIMIT_PERCENT} %.

  --model M      ${Object.keys(MODEL_PRESETS).join(', ')} (default mini)
  --batch N      clips of 10 s a step (default 8)
  --rounds N     checkpoints (default 5)
  --folder DIR   where checkpoints are written (default the system's folder for temporary files)
  --help         this text`;

/** @returns exit status */
export async function checkpointBench(argv: readonly string[]): Promise<number> {
  const options = {
    model: { type: 'string', default: 'mini' },
    batch: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  if (!(values.model in MODEL_PRESETS))
    throw new UsageError(
      `--model ${values.model}: expected ${Object.keys(MODEL_PRESETS).join(', ')}`,
    );
  const [batch, rounds] = [above0('batch', values.batch), above0('rounds', values.rounds)];
  const measured = await measure({
    model: values.model as ModelPreset,
    batch,
    rounds,
    folder: values.folder ?? null,
  });
  if (measured.length < rounds) throw new Error("the bench's training ended early");
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
  console.log(
    `${values.model}, batch ${batch}: ${bytes(of('bytes'))} a checkpoint, every ${intervalSeconds} s; medians of ${rounds}\n`,
  );
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
    process.stderr.write(
      `checkpoint ${rounds.length} of ${options.rounds}${eta > 0 ? `, ETA ${eta.toFixed(0)} s` : ''}\n`,
    );
  }
  return rounds;
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${option} ${text}: expected a whole number above 0`);
  return value;
}
