/**
 * `npm run bench -- overhead`: what Temporal, heartbeats and process hops cost. Runs the demo on a
 * real server with real workers, and its stages one after the other in one process, in turns. Both
 * sides start with processes that have loaded nothing and end with the published report.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { engineEnvironment } from '../ced/engine/environment';
import { commandLine } from '../infra/command-line/command-line';
import { count } from '../infra/command-line/option';
import { linkDemoCorpus } from '../cli/run/demo-corpus';
import { freePort } from '../infra/free-port';
import { startServer } from '../infra/server';
import { repositoryRoot } from '../infra/toolchain';
import { withoutTemporal } from '../workers/temporal-settings';
import { TASK_QUEUES } from '../workflows/contract/names';
import type { RunResult } from '../workflows/contract/activities';
import { median } from './table';

const LIMIT_PERCENT = 2;

const line = commandLine({
  program: 'npm run bench',
  usage: 'overhead [options]',
  about: [
    "Runs the demo's distillation through Temporal and in one process, in turns, and compares " +
      `the wall time. Exit status 1 above ${LIMIT_PERCENT} %.`,
  ],
  options: {
    rounds: { value: 'N', is: count, default: 2, help: 'runs of each side' },
    clips: { value: 'N', is: count, default: 1000, help: 'training clips' },
    epochs: { value: 'N', is: count, default: 16, help: 'epochs of the student' },
  },
  examples: ['npm run bench -- overhead --rounds 1 --clips 200 --epochs 2'],
});

/** @returns exit status */
export async function overheadBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { rounds, clips, epochs } }) =>
    report(await measure(rounds, clips, epochs)),
  );
}

interface Measured {
  /** Seconds of each run. */
  through: number[];
  straight: number[];
}

async function measure(rounds: number, clips: number, epochs: number): Promise<Measured> {
  linkDemoCorpus(repositoryRoot);
  const folder = mkdtempSync(join(tmpdir(), 'ced-overhead-'));
  const [through, straight]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < rounds; round++) {
      straight.push(await oneProcess(runFile(folder, `straight-${round}`, clips, epochs)));
      say(
        `round ${round + 1}: straight through ${straight.at(-1)!.toFixed(1)} s`,
        through,
        straight,
        rounds,
      );
      through.push(
        await throughTemporal(folder, runFile(folder, `temporal-${round}`, clips, epochs)),
      );
      say(
        `round ${round + 1}: through Temporal ${through.at(-1)!.toFixed(1)} s`,
        through,
        straight,
        rounds,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { through, straight };
}

/** @returns exit status */
function report({ through, straight }: Measured): number {
  const percent = (median(through) / median(straight) - 1) * 100;
  console.log('| | median s | all s |\n| --- | ---: | --- |');
  for (const [name, seconds] of [
    ['straight through, one process', straight],
    ['Temporal, two workers, engine process', through],
  ] as const)
    console.log(
      `| ${name} | ${median(seconds).toFixed(1)} | ` +
        `${seconds.map((each) => each.toFixed(1)).join(', ')} |`,
    );
  console.log(
    `\nTemporal, heartbeats and process hops: ${percent.toFixed(1)} % (limit ${LIMIT_PERCENT} %)`,
  );
  return percent <= LIMIT_PERCENT ? 0 : 1;
}

function say(
  line: string,
  through: readonly number[],
  straight: readonly number[],
  rounds: number,
): void {
  const done = [...through, ...straight];
  const eta =
    (done.reduce((sum, seconds) => sum + seconds, 0) / done.length) * (2 * rounds - done.length);
  process.stderr.write(`${line}${eta > 0 ? `, ETA ${Math.round(eta)} s` : ''}\n`);
}

interface DemoRun {
  name: string;
  corpus: { train: string };
  students: { epochs: number }[];
}

/** The demo's run with some of its clips and a store of its own. */
function runFile(folder: string, name: string, clips: number, epochs: number): DemoRun {
  const run = JSON.parse(
    readFileSync(join(repositoryRoot, 'examples', 'instruments', 'distill.json'), 'utf8'),
  ) as DemoRun;
  const table = join(repositoryRoot, 'data', 'instruments', `train-${clips}.jsonl`);
  const lines = readFileSync(join(repositoryRoot, run.corpus.train), 'utf8')
    .split('\n')
    .slice(0, clips);
  writeFileSync(table, `${lines.join('\n')}\n`);
  const students = run.students.map((student) => ({ ...student, epochs }));
  return {
    ...run,
    name,
    corpus: { ...run.corpus, train: table },
    students,
    ...{ store: join(folder, name) },
  };
}

async function oneProcess(run: DemoRun): Promise<number> {
  const env = { ...process.env, ...engineEnvironment({}) };
  const args = [join(__dirname, 'overhead', 'straight.js'), repositoryRoot, JSON.stringify(run)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  child.stdin.write('go\n');
  const seconds = Number((await lines.next()).value);
  if (!(seconds > 0)) throw new Error('the straight run ended early');
  return seconds;
}

/**
 * Server and workers run before the clock starts, as before any run; the engine process does not.
 */
async function throughTemporal(folder: string, run: DemoRun): Promise<number> {
  const address = `127.0.0.1:${await freePort()}`;
  const server = await startServer({
    address,
    dbFile: join(folder, `${run.name}.db`),
    uiPort: null,
    log: join(folder, 'server.log'),
  });
  const connection = await Connection.connect({ address });
  const workers = await Promise.all(
    (['cpu', 'gpu'] as const).map((queue) => worker(queue, address)),
  );
  try {
    const startedMs = performance.now();
    const { workflow } = new Client({ connection });
    const result = (await workflow.execute('distill', {
      taskQueue: TASK_QUEUES.workflows,
      workflowId: run.name,
      args: [run],
    })) as RunResult;
    if (result.students.length !== 1) throw new Error('the run gave no student');
    return (performance.now() - startedMs) / 1000;
  } finally {
    await Promise.all(workers.map((stop) => stop()));
    await connection.close();
    await server.stop();
  }
}

/** @returns a function that stops it */
async function worker(queue: 'cpu' | 'gpu', address: string): Promise<() => Promise<void>> {
  const args = [
    join(__dirname, '..', 'workers', 'main.js'),
    '--queue',
    queue,
    '--address',
    address,
    '--root',
    repositoryRoot,
    '--log',
    'text',
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutTemporal(process.env),
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on(
      'line',
      (line) => line.startsWith('worker ready') && resolve(),
    );
    void ended.then(() => reject(new Error(`the ${queue} worker ended`)));
  });
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}
