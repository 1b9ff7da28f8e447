/**
 * `npm run bench -- group`: one training by several processes of one thread each, beside the same
 * training by one process of one thread, in turns, and what the exchange of gradients adds. The
 * weights and moments of all must be the same bytes.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { engineEnvironment } from '../ced/engine/environment';
import { commandLine } from '../infra/command-line/command-line';
import { count, oneOf } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';
import { freePort } from '../infra/free-port';
import type { BenchAnswer, BenchOrder, GroupBenchOptions } from './group/member-process';
import { MODELS } from './models';
import { median } from './table';

const GOAL = 1.8;

const line = commandLine({
  program: 'npm run bench',
  usage: 'group [options]',
  about: [
    'Measures the steps of a group of processes beside those of one process, one thread each, ' +
      'over loopback. Exit status 1 if their bytes differ.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'tiny', help: MODELS.join(', ') },
    batch: { value: 'N', is: count, default: 32, help: 'clips of 10 s in a step' },
    parts: { value: 'N', is: count, default: 4, help: 'parts of a batch' },
    processes: { value: 'N', is: count, default: 2, help: 'members of the group' },
    rounds: { value: 'N', is: count, default: 5, help: 'steps of each after the first' },
  },
  examples: ['npm run bench -- group --model mini --processes 4 --parts 8'],
});

/** @returns exit status */
export async function groupBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { processes, rounds, ...options } }) => {
    if (processes < 2 || options.parts < processes)
      throw new UsageError('a group has two processes or more, and at least as many parts');
    const one = await Side.start(1, options);
    const group = await Side.start(processes, options);
    try {
      return report(await measure(one, group, rounds), processes, options);
    } finally {
      one.end();
      group.end();
    }
  });
}

interface Measured {
  readonly oneMs: number;
  readonly groupMs: number;
  readonly exchangeMs: number;
  readonly gradientBytes: number;
  readonly hashes: ReadonlySet<string>;
}

async function measure(one: Side, group: Side, rounds: number): Promise<Measured> {
  const times = { one: [] as number[], group: [] as number[], exchange: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const alone = await one.slowestMs('step');
    const together = await group.slowestMs('step');
    const exchange = await group.slowestMs('exchange');
    process.stderr.write(`group: round ${round} of ${rounds}\n`);
    // The first step traces and compiles.
    if (round === 0) continue;
    times.one.push(alone);
    times.group.push(together);
    times.exchange.push(exchange);
  }
  const answers = [...(await one.tell({ do: 'hash' })), ...(await group.tell({ do: 'hash' }))];
  return {
    oneMs: median(times.one),
    groupMs: median(times.group),
    exchangeMs: median(times.exchange),
    gradientBytes: answers[0]?.gradientBytes ?? 0,
    hashes: new Set(answers.map(({ sha256 = '' }) => sha256)),
  };
}

/** @returns exit status */
function report(
  { oneMs, groupMs, exchangeMs, gradientBytes, hashes }: Measured,
  processes: number,
  { model, batch, parts }: GroupBenchOptions,
): number {
  const ratio = oneMs / groupMs;
  console.log(`${model}, batch ${batch} in ${parts} parts, float32, one thread a process\n`);
  console.log('| | one process | group | ratio |\n| --- | ---: | ---: | ---: |');
  console.log(`| processes | 1 | ${processes} | |`);
  console.log(
    `| ms a step, median | ${oneMs.toFixed(0)} | ${groupMs.toFixed(0)} | ${ratio.toFixed(2)} |`,
  );
  console.log(`| of it exchange, alone | 0 | ${exchangeMs.toFixed(0)} | |`);
  console.log(`| MB of gradients | | ${(gradientBytes / 1e6).toFixed(1)} | |`);
  const goal = processes === 2 ? ` (goal ${GOAL}${ratio >= GOAL ? '' : ', missed'})` : '';
  console.log(`\n${ratio.toFixed(2)} times the steps${goal}`);
  console.log(
    hashes.size === 1
      ? `weights and moments of all: SHA-256 ${[...hashes].join()}`
      : 'weights and moments differ',
  );
  return hashes.size === 1 ? 0 : 1;
}

class Member {
  private readonly ended: Promise<never>;

  constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(([code]) => {
      throw new Error(`a process of the bench ended: exit status ${code}`);
    });
    this.ended.catch(() => undefined);
  }

  async ask(order: BenchOrder): Promise<BenchAnswer> {
    const answered = once(this.child, 'message').then(([answer]) => answer as BenchAnswer);
    this.child.send(order);
    return await Promise.race([answered, this.ended]);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** The processes of one training. */
class Side {
  private constructor(private readonly members: readonly Member[]) {}

  static async start(processes: number, options: GroupBenchOptions): Promise<Side> {
    const entry = join(__dirname, 'group', 'member-process.js');
    const env = { ...process.env, ...engineEnvironment({ threads: 1 }), CED_PDEATHSIG: '1' };
    const started = Array.from(
      { length: processes },
      () => new Member(fork(entry, [JSON.stringify(options)], { env })),
    );
    const members: { index: number; host: string; port: number }[] = [];
    for (let index = 0; index < processes; index++)
      members.push({ index, host: '127.0.0.1', port: await freePort() });
    await Promise.all(
      started.map((member, self) =>
        member.ask({
          do: 'join',
          group: processes === 1 ? null : { generation: 1, members, self, timeoutSeconds: 600 },
        }),
      ),
    );
    return new Side(started);
  }

  async tell(order: BenchOrder): Promise<BenchAnswer[]> {
    return await Promise.all(this.members.map((member) => member.ask(order)));
  }

  async slowestMs(what: 'step' | 'exchange'): Promise<number> {
    const answers = await this.tell({ do: what });
    return Math.max(...answers.map(({ ms }) => ms));
  }

  end(): void {
    for (const member of this.members) member.end();
  }
}
