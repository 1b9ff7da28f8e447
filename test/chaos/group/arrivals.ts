/**
 * `npm run chaos -- --arrivals`: one training whose workers come, are killed, told to go and
 * frozen, its leader among them. Each change must lead to the expected number of workers, and the
 * student at its end must be that of one worker.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { EpochRecord, RunResult } from '../../../workflows/contract/activities';
import { Cluster, kill } from '../../support/cluster';
import { statusOf } from '../../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../../support/tone-corpus';
import { closedAtEnd } from '../closed-at-end';

const STUDENT = 'student';
const MOST = 4;
const MARGIN_EPOCHS = 40;
/** After which a change has failed. */
const LIMIT_MS = 300_000;

/** @returns whether the students are identical */
export async function arrivals(): Promise<boolean> {
  const starting = Cluster.start();
  return await closedAtEnd(
    async () => (await starting).stop(),
    async () => arrivalsIn(await starting),
  );
}

async function arrivalsIn(cluster: Cluster): Promise<boolean> {
  const corpus = writeToneCorpus(cluster.folder, { train: 160, validation: 16, eval: 16 });
  await cluster.worker('cpu');
  const scene = new GroupScene(cluster, corpus);
  const epochs = await scene.disturb();
  const [disturbed, alone] = [await scene.end('disturbed'), await scene.alone(epochs)];
  console.log(`\nof several: ${disturbed}\nof one:     ${alone}`);
  console.log(disturbed === alone ? 'identical' : 'different');
  return disturbed === alone;
}

class GroupScene {
  private workers: ChildProcess[] = [];
  private handle!: WorkflowHandle;

  constructor(
    private readonly cluster: Cluster,
    private readonly corpus: ToneCorpus,
  ) {}

  /** @returns epochs after which the training is to end */
  async disturb(): Promise<number> {
    console.log('| event | workers | seconds until they have ended an epoch |');
    console.log('| --- | ---: | ---: |');
    await this.comes();
    this.handle = await this.start('disturbed');
    await this.change('one worker', 1, () => Promise.resolve());
    await this.change('two more come', 3, async () => {
      await this.comes();
      await this.comes();
    });
    await this.change('SIGKILL a member', 2, async () => this.killed(await this.find('member')));
    await this.change('two more come', 4, async () => {
      await this.comes();
      await this.comes();
    });
    await this.change('SIGTERM a member', 3, async () => {
      const member = await this.find('member');
      const ended = once(member, 'exit');
      member.kill('SIGTERM');
      const [status] = (await ended) as [number | null];
      if (status !== 0) throw new Error(`a worker that was told to go ended with ${status}`);
      this.gone(member);
    });
    const frozen = await this.find('member');
    await this.change('SIGSTOP a member', 2, () => Promise.resolve(signal(frozen, 'SIGSTOP')));
    await this.change('SIGCONT the same', 3, () => Promise.resolve(signal(frozen, 'SIGCONT')));
    await this.change('SIGKILL the leader', 2, async () => this.killed(await this.find('leader')));
    await this.change('SIGKILL a member', 1, async () => this.killed(await this.find('member')));
    // Far enough ahead to be in the future when the training learns of it.
    const last = ((await this.last())?.epoch ?? 0) + MARGIN_EPOCHS;
    await this.handle.executeUpdate('stopAfterEpoch', { args: [last] });
    return last;
  }

  /** @returns the student at the end of a run, with its last epoch */
  async end(name: string): Promise<string> {
    const handle = this.cluster.client.workflow.getHandle(name);
    const { students } = (await handle.result()) as RunResult;
    const { epoch } = (await statusOf(handle)).epochs[STUDENT] ?? {};
    return `${students[0]?.sha256} after ${epoch} epochs`;
  }

  /** The same training by one worker. */
  async alone(epochs: number): Promise<string> {
    const handle = await this.start('alone');
    await handle.executeUpdate('stopAfterEpoch', { args: [epochs] });
    return await this.end('alone');
  }

  private async start(name: string): Promise<WorkflowHandle> {
    const student = {
      ...{ name: STUDENT, model: { embedDim: 32, depth: 1, heads: 2 } },
      ...{ epochs: 100_000, batchSize: 8, parts: 8, workers: { max: MOST }, seed: 3 },
      ...{ learningRate: 2e-3, warmupSteps: 20, validateEvery: 2, earlyStop: 0 },
      checkpointSeconds: 2,
    };
    const run = {
      ...{ name, store: `store-${name}`, corpus: this.corpus, chunkSeconds: 1 },
      teachers: [student],
    };
    return await this.cluster.client.workflow.start('teach', {
      ...{ taskQueue: 'ced', workflowId: name, args: [run] },
    });
  }

  private async comes(): Promise<void> {
    this.workers.push(await this.cluster.worker('gpu', { options: ['--peers', '127.0.0.1'] }));
  }

  private async killed(worker: ChildProcess): Promise<void> {
    await kill(worker);
    this.gone(worker);
  }

  private gone(worker: ChildProcess): void {
    this.workers = this.workers.filter((each) => each !== worker);
  }

  private async last(): Promise<EpochRecord | undefined> {
    return (await statusOf(this.handle)).epochs[STUDENT];
  }

  /** Waits for an epoch told of after `act` that so many workers ended. */
  private async change(event: string, workers: number, act: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    const before = await this.last();
    await act();
    for (;;) {
      const last = await this.last();
      // Epochs share signals: the first after a change is told, even if it was told before it.
      const isNew =
        !before || (last?.epoch ?? 0) > before.epoch || membersOf(last) !== membersOf(before);
      if (isNew && last && membersOf(last) === workers) break;
      if (performance.now() - startedMs > LIMIT_MS)
        throw new Error(`${event}: ${JSON.stringify(last)} instead of ${workers} workers`);
      await sleep(200);
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`| ${event} | ${workers} | ${seconds} |`);
  }

  private async find(role: 'leader' | 'member'): Promise<ChildProcess> {
    const type = role === 'leader' ? 'trainModel' : 'joinTraining';
    const { pendingActivities } = (await this.handle.describe()).raw;
    const pids = (pendingActivities ?? [])
      .filter(
        ({ activityType, lastHeartbeatTime }) => activityType?.name === type && lastHeartbeatTime,
      )
      .map(({ lastWorkerIdentity }) => Number(lastWorkerIdentity?.split('@')[0]));
    const found = this.workers.find(({ pid }) => pids.includes(pid ?? 0));
    if (!found) throw new Error(`no worker is a ${role}`);
    return found;
  }
}

/** Workers that ended an epoch. */
function membersOf(record: EpochRecord | undefined): number {
  return record?.group?.members ?? 1;
}

/** To a worker with its engine. */
function signal({ pid }: ChildProcess, name: 'SIGSTOP' | 'SIGCONT'): void {
  process.kill(-(pid ?? 0), name);
}
