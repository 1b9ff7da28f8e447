/** `npm run chaos`: draws faults and moments from a seed, lets them happen to a small run, and compares what is left, byte for byte. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { Scene } from './scene';
import { runTry, type Outcome } from './try';

const help = `npm run chaos -- [options]

Starts a Temporal server and workers, lets something happen to a small run in each try (processes killed, terminated, a checkpoint flipped), and
compares logit shards and student with an undisturbed run's. The last line says "N of N identical"; the exit status agrees.

  --runs N     tries (default 9: each fault once)
  --seed S     what happens when is a function of it and of the try's number (default 7)
  --out FILE   results, one JSON line a try; tries that stand there are not made again (default runs/chaos-<seed>.jsonl)
  --help       this text`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { runs: { type: 'string' }, seed: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const runs = whole('runs', values.runs ?? '9');
  const seed = whole('seed', values.seed ?? '7');
  const out = resolve(values.out ?? join(repositoryRoot, 'runs', `chaos-${seed}.jsonl`));
  mkdirSync(dirname(out), { recursive: true });
  const missing = Array.from({ length: runs }, (_, index) => index).filter(
    (index) => !read(out, seed, runs).some((each) => each.try === index),
  );
  if (missing.length > 0) {
    const scene = await Scene.open();
    // Workers lead groups of their own: Ctrl-C does not reach them.
    const interrupt = (): void => {
      process.on('uncaughtException', () => undefined); // questions to the server that are still open
      void scene.close().finally(() => process.exit(130));
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
    try {
      const undisturbed = await scene.start('undisturbed');
      const expected = scene.fingerprint('undisturbed', (await undisturbed.result()) as RunResult);
      for (const index of missing) {
        const outcome = await runTry(scene, seed, index, expected);
        appendFileSync(out, `${JSON.stringify(outcome)}\n`);
        console.log(row(outcome));
      }
    } finally {
      await scene.close();
    }
  }
  const outcomes = read(out, seed, runs).sort((a, b) => a.try - b.try);
  const identical = outcomes.filter((outcome) => outcome.identical).length;
  console.log(['', '| try | fault | moment | recovery s | steps repeated | whole try s | result |', '| --- | --- | --- | --- | --- | --- | --- |', ...outcomes.map(row), '', `${identical} of ${runs} identical`].join('\n')); // prettier-ignore
  return identical === runs ? 0 : 1;
}

function read(out: string, seed: number, runs: number): Outcome[] {
  if (!existsSync(out)) return [];
  const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Outcome).filter((each) => each.seed === seed && each.try < runs);
}

function row(outcome: Outcome): string {
  const { recoverySeconds, stepsRepeated, seconds, why } = outcome;
  const cells = [outcome.try, outcome.fault, outcome.moment, recoverySeconds?.toFixed(1) ?? '–', stepsRepeated, seconds.toFixed(1), why ?? 'identical']; // prettier-ignore
  return `| ${cells.join(' | ')} |`;
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} ${text}: expected a whole number of at least 1`);
  return value;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1);
  },
);
