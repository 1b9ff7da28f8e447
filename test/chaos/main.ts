/**
 * `npm run chaos`: draws faults and moments from a seed, lets them happen to a small run, and
 * compares what is left, byte for byte.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { drawTry, nameOf } from './draw';
import { FAULTS } from './faults';
import { Scene } from './scene';
import { Trial } from './trial';
import { runTry, type Outcome } from './try';

const help = `npm run chaos -- [options]

Starts a Temporal server, a storage server and workers, lets something happen to a small run in each try (processes killed, frozen, terminated, servers
away, files damaged, a disk full, a clock wrong), and compares logit shards and student with an undisturbed run's. The last line says
"N of N identical"; the exit status agrees. A full disk is a tmpfs, which needs root.

  --runs N     tries (default ${FAULTS.length}: each fault once)
  --seed S     what happens when is a function of it and of the try's number (default 7)
  --fault F    only the tries whose fault's name has this in it
  --lanes N    that many pipelines at once (default 1); most tries wait for time-outs more than they compute
  --out FILE   results, one JSON line a try; tries that stand there are not made again (default runs/chaos-<seed>.jsonl)
  --help       this text`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      fault: { type: 'string' },
      lanes: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const runs = whole('runs', values.runs ?? String(FAULTS.length));
  const seed = whole('seed', values.seed ?? '7');
  const out = resolve(values.out ?? join(repositoryRoot, 'runs', `chaos-${seed}.jsonl`));
  mkdirSync(dirname(out), { recursive: true });
  const wanted = Array.from({ length: runs }, (_, index) => index).filter((index) =>
    drawTry(seed, index).fault.name.includes(values.fault ?? ''),
  );
  const missing = wanted.filter(
    (index) => !read(out, seed, wanted).some((each) => each.try === index),
  );
  const lanes = Math.min(whole('lanes', values.lanes ?? '1'), missing.length);
  await Promise.all(
    Array.from({ length: lanes }, () =>
      lane(missing, seed, (outcome) => {
        appendFileSync(out, `${JSON.stringify(outcome)}\n`);
        console.log(row(outcome));
      }),
    ),
  );
  const outcomes = read(out, seed, wanted).sort((a, b) => a.try - b.try);
  const identical = outcomes.filter((outcome) => outcome.identical).length;
  console.log(
    ['', ...HEAD, ...outcomes.map(row), '', `${identical} of ${wanted.length} identical`].join(
      '\n',
    ),
  );
  return identical === wanted.length ? 0 : 1;
}

/** A pipeline of its own, and tries on it until none is left. */
async function lane(
  missing: number[],
  seed: number,
  done: (outcome: Outcome) => void,
): Promise<void> {
  const scene = await Scene.open();
  // Workers lead groups of their own: Ctrl-C does not reach them.
  const interrupt = (): void => {
    process.on('uncaughtException', () => undefined); // questions to the server that are still open
    void scene.close().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  try {
    const undisturbed = await Trial.start(scene, 'undisturbed');
    const result = (await undisturbed.handle.result()) as RunResult;
    const fault = await undisturbed.fault(result);
    if (fault !== null) throw new Error(`the undisturbed run: ${fault}`);
    const expected = await undisturbed.fingerprint(result);
    for (let index = missing.shift(); index !== undefined; index = missing.shift())
      done({
        seed,
        try: index,
        ...(await runTry(scene, drawTry(seed, index), `try-${index}`, expected)),
      });
  } finally {
    await scene.close();
  }
}

/** Of the tries wanted, those that the file knows as they are drawn now. */
function read(out: string, seed: number, wanted: readonly number[]): Outcome[] {
  if (!existsSync(out)) return [];
  const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Outcome)
    .filter((each) => {
      if (each.seed !== seed || !wanted.includes(each.try)) return false;
      const { fault, moment } = drawTry(seed, each.try);
      return each.fault === fault.name && each.moment === nameOf(moment);
    });
}

const HEAD = [
  '| try | fault | moment | recovery s | steps repeated | rows repeated | whole try s | result |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
];

function row(outcome: Outcome): string {
  const { recoverySeconds, stepsRepeated, rowsRepeated, seconds, why } = outcome;
  const cells = [
    outcome.try,
    outcome.fault,
    outcome.moment,
    recoverySeconds?.toFixed(1) ?? '–',
    stepsRepeated,
    rowsRepeated,
    seconds.toFixed(1),
    why ?? 'identical',
  ];
  return `| ${cells.join(' | ')} |`;
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${option} ${text}: expected a whole number of at least 1`);
  return value;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1);
  },
);
