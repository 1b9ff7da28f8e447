/**
 * `npm run bench -- scale`: the cost of orchestration at scale, on a real server with the real
 * workflows and activities that do no arithmetic. Runs all of AudioSet, then starts runs from
 * several cursors along a corpus a hundred times as large.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { commandLine } from '../infra/command-line/command-line';
import { atLeast, count } from '../infra/command-line/option';
import { bytes, clock, grouped } from '../cli/quantities';
import { freePort } from '../infra/free-port';
import { startServer, type Server } from '../infra/server';
import { TASK_QUEUES } from '../workflows/contract/names';
import type { RunStatus } from '../workflows/contract/status';
import { readChain, type Chain } from './scale/chain';
import type { CorpusSize } from './scale/idle-activities';
import { ResidentMemory } from './scale/resident-memory';
import { carriedAt, scaleRun } from './scale/scale-run';

const LIMITS = {
  events: 10_000,
  historyBytes: 10e6,
  payloadBytes: 100e3,
  pending: 200,
  growthBytes: 64e6,
};
const CLIPS_PER_SHARD = 500;
const STUDENTS = 4;
const LARGER = 100;
/** Activities in flight, as in the logits stage of a run. */
const EMPTY_WIDTH = 16;

const line = commandLine({
  program: 'npm run bench',
  usage: 'scale [options]',
  about: [
    'Runs the real workflows on a server of its own, with activities that do no arithmetic: a ' +
      "corpus of AudioSet's size to its end, then runs over a corpus a hundred times as large, " +
      'each started at another place along it. Exit status 1 when a limit is exceeded.',
  ],
  options: {
    shards: {
      value: 'N',
      is: count,
      default: 4000,
      help: `audio shards of the first corpus, of ${CLIPS_PER_SHARD} clips each; 4000: AudioSet`,
    },
    epochs: { value: 'N', is: count, default: 300, help: 'epochs of each of the four students' },
    'slice-shards': {
      value: 'N',
      is: atLeast(0),
      default: 20_000,
      help: 'shards of the larger corpus, all runs together, two activities each; 0 leaves it out',
    },
    cursors: { value: 'N', is: count, default: 5, help: 'runs over the larger corpus' },
  },
  examples: [
    'npm run bench -- scale',
    'npm run bench -- scale --shards 200 --epochs 20 --slice-shards 500',
  ],
  notes: ['The defaults take about ten minutes, the second example half a minute.'],
});

interface Measured {
  what: string;
  chain: Chain;
  pending: number;
  activitiesPerSecond: number;
  serverGrowthBytes: number;
  workerGrowthBytes: number;
}

/** @returns exit status */
export async function scaleBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const { shards, epochs, cursors, 'slice-shards': sliceShards } = values;
    return await runScale(shards, epochs, cursors, sliceShards);
  });
}

async function runScale(
  shards: number,
  epochs: number,
  cursors: number,
  sliceShards: number,
): Promise<number> {
  const size: CorpusSize = { shards, clips: shards * CLIPS_PER_SHARD };
  const bench = await ScaleBench.open();
  try {
    const emptyPerSecond = await bench.emptyRate(Math.min(1500, Math.max(200, shards)));
    const measured = [await bench.whole(size, epochs)];
    if (sliceShards > 0)
      measured.push(
        ...(await bench.slices(
          { shards: shards * LARGER, clips: size.clips * LARGER },
          sliceShards,
          cursors,
        )),
      );
    console.log(table(measured, emptyPerSecond));
    const broken = measured.flatMap(faults);
    console.log(broken.length === 0 ? '\nevery limit is kept' : `\n${broken.join('\n')}`);
    return broken.length === 0 ? 0 : 1;
  } finally {
    await bench.close();
  }
}

class ScaleBench {
  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    private readonly connection: Connection,
    private readonly client: Client,
  ) {}

  static async open(): Promise<ScaleBench> {
    const folder = mkdtempSync(join(tmpdir(), 'ced-scale-'));
    const address = `127.0.0.1:${await freePort()}`;
    const server = await startServer({
      address,
      dbFile: join(folder, 'temporal.db'),
      uiPort: null,
      log: join(folder, 'server.log'),
    });
    const connection = await Connection.connect({ address });
    return new ScaleBench(folder, server, connection, new Client({ connection }));
  }

  /** Rate of activities without input, work and output, per second. */
  async emptyRate(count: number): Promise<number> {
    return await this.withWorker({ shards: 1, clips: 1 }, async () => {
      const measure = async (id: string): Promise<number> => {
        const startedMs = performance.now();
        await this.client.workflow.execute('empty', {
          taskQueue: 'empty',
          workflowId: id,
          args: [count, EMPTY_WIDTH],
        });
        return (count / (performance.now() - startedMs)) * 1000;
      };
      await measure('empty-warm-up');
      return await measure('empty');
    });
  }

  /** A run from its first activity to its last. */
  async whole(size: CorpusSize, epochs: number): Promise<Measured> {
    return await this.withWorker(size, async (worker) => {
      const what = `${grouped(size.shards)} shards, ${STUDENTS} × ${epochs} epochs, whole`;
      const run = scaleRun('whole', STUDENTS, epochs);
      const handle = await this.client.workflow.start('distill', {
        taskQueue: TASK_QUEUES.workflows,
        workflowId: 'whole',
        args: [run],
      });
      return await this.watch(what, handle, worker, ({ stages }) =>
        stages.every(({ state }) => state === 'done'),
      );
    });
  }

  /** Runs that begin at cursors evenly along the logits of a corpus, the last near its end. */
  async slices(size: CorpusSize, sliceShards: number, cursors: number): Promise<Measured[]> {
    return await this.withWorker(size, async (worker) => {
      const measured: Measured[] = [];
      const each = Math.ceil(sliceShards / cursors);
      for (let slice = 0; slice < cursors; slice++) {
        const cursor = Math.floor(((size.shards - each) * slice) / Math.max(1, cursors - 1));
        const workflowId = `from-${cursor}`;
        const args = [scaleRun(workflowId, STUDENTS, 1), carriedAt(workflowId, size, cursor)];
        const handle = await this.client.workflow.start('distill', {
          taskQueue: TASK_QUEUES.workflows,
          workflowId,
          args,
        });
        const what = `${grouped(size.shards)} shards, logits from ${grouped(cursor)}`;
        const reached = cursor + each;
        measured.push(
          await this.watch(what, handle, worker, ({ stages }) =>
            stages.some(({ name, done }) => name === 'logits' && done >= reached),
          ),
        );
        await handle.terminate().catch(() => undefined);
      }
      return measured;
    });
  }

  /** Follows a run until `isOver`, then reads its histories. */
  private async watch(
    what: string,
    handle: WorkflowHandle & { firstExecutionRunId: string },
    worker: ChildProcess,
    isOver: (status: RunStatus) => boolean,
  ): Promise<Measured> {
    const memories = {
      server: new ResidentMemory(this.server.pid ?? process.pid),
      worker: new ResidentMemory(worker.pid ?? process.pid),
    };
    const startedMs = performance.now();
    let [pending, saidMs] = [0, startedMs];
    const pace = new Pace();
    const current = this.client.workflow.getHandle(handle.workflowId);
    try {
      for (;;) {
        const description = await current.describe();
        pending = Math.max(pending, description.raw.pendingActivities?.length ?? 0);
        if (['FAILED', 'TERMINATED', 'TIMED_OUT', 'CANCELLED'].includes(description.status.name))
          await handle.result();
        const status = await current.query<RunStatus>('status').catch(() => null);
        if (status && isOver(status)) break;
        if (status && performance.now() - saidMs > 10_000) {
          saidMs = performance.now();
          const [server, own] = [memories.server.bytes, memories.worker.bytes].map(bytes);
          process.stderr.write(`${what}: ${pace.line(status)}, server ${server}, worker ${own}\n`);
        }
        await sleep(250);
      }
    } finally {
      memories.server.stop();
      memories.worker.stop();
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const chain = await readChain(this.client, handle.workflowId, handle.firstExecutionRunId);
    return {
      what,
      chain,
      pending,
      activitiesPerSecond: chain.activities / seconds,
      serverGrowthBytes: memories.server.growthBytes,
      workerGrowthBytes: memories.worker.growthBytes,
    };
  }

  private async withWorker<T>(
    size: CorpusSize,
    work: (worker: ChildProcess) => Promise<T>,
  ): Promise<T> {
    const args = [
      join(__dirname, 'scale', 'worker.js'),
      this.server.address,
      String(size.shards),
      String(size.clips),
    ];
    const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    try {
      const lost = ended.then(() => Promise.reject(new Error("the bench's worker ended")));
      lost.catch(() => undefined);
      await Promise.race([
        lost,
        new Promise<void>((resolve) =>
          createInterface({ input: worker.stdout }).once('line', () => resolve()),
        ),
      ]);
      return await Promise.race([lost, work(worker)]);
    } finally {
      worker.kill('SIGKILL');
      await ended;
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Progress of a run, and the remaining time of its stage at the pace since the last call. */
class Pace {
  private last = { stage: '', done: 0, ms: performance.now() };

  line({ stages, epochs }: RunStatus): string {
    const running = stages.find(({ state }) => state === 'running');
    if (!running) return 'between two stages';
    const trained = Object.values(epochs).reduce(
      (sum, { epoch, epochs: of }) => sum + epoch / of,
      0,
    );
    const done = running.name === 'distill' ? trained : running.done;
    const now = { stage: running.name, done, ms: performance.now() };
    const perMs =
      this.last.stage === now.stage ? (done - this.last.done) / (now.ms - this.last.ms) : 0;
    this.last = now;
    const eta = perMs > 0 ? `, ETA ${clock((running.total - done) / perMs / 1000)}` : '';
    const counts = `${grouped(running.done)}/${grouped(running.total)} ${running.unit}`;
    return `${running.name} ${counts}${eta}`;
  }
}

function faults({
  what,
  chain,
  pending,
  serverGrowthBytes,
  workerGrowthBytes,
}: Measured): string[] {
  const over = (name: string, value: number, limit: number): string[] =>
    value < limit
      ? []
      : [`${what}: ${name} ${grouped(value)}, expected less than ${grouped(limit)}`];
  return [
    ...over('events of a history', chain.largestEvents, LIMITS.events),
    ...over('bytes of a history', chain.largestBytes, LIMITS.historyBytes),
    ...over('bytes of a payload', chain.largestPayloadBytes, LIMITS.payloadBytes),
    ...over('pending activities', pending, LIMITS.pending),
    // A run that is too short has no growth to measure.
    ...(Number.isFinite(serverGrowthBytes)
      ? over("growth of the server's memory in bytes", serverGrowthBytes, LIMITS.growthBytes)
      : []),
    ...(Number.isFinite(workerGrowthBytes)
      ? over("growth of the worker's memory in bytes", workerGrowthBytes, LIMITS.growthBytes)
      : []),
  ];
}

function table(measured: readonly Measured[], emptyPerSecond: number): string {
  const head = [
    'run',
    'activities',
    'workflow tasks',
    'histories',
    'events, all',
    'events, longest',
    'bytes, largest',
    'payload, largest',
    'pending, most',
    'server grew',
    'worker grew',
    'activities/s',
    'empty ones/s',
  ];
  const rows = measured.map(
    ({ what, chain, pending, activitiesPerSecond, serverGrowthBytes, workerGrowthBytes }) => [
      what,
      ...[
        chain.activities,
        chain.workflowTasks,
        chain.histories,
        chain.events,
        chain.largestEvents,
      ].map(grouped),
      bytes(chain.largestBytes),
      bytes(chain.largestPayloadBytes),
      grouped(pending),
      ...[serverGrowthBytes, workerGrowthBytes].map((growth) => `${(growth / 1e6).toFixed(0)} MB`),
      activitiesPerSecond.toFixed(0),
      emptyPerSecond.toFixed(0),
    ],
  );
  return [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
