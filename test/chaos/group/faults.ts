/** What can happen to a group. Whatever dies is started again; nothing else is done for the run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { enginesOf, type GroupScene, type GroupWorker } from './scene';
import type { GroupTraining } from './training';

export interface GroupFault {
  name: string;
  /** Workers that the group must have. @default 2 */
  least?: number;
  /** Between hosts. */
  isOfNetwork?: true;
  /** When the group has not yet met. */
  isFirst?: true;
  /** @returns what ends the fault, if it goes on until the group has recovered from it */
  happen(scene: GroupScene, training: GroupTraining): Promise<(() => Promise<void> | void) | void>;
}

export const GROUP_FAULTS: readonly GroupFault[] = [
  {
    ...{ name: 'SIGKILL a member before the first meeting', least: 3, isFirst: true },
    happen: async (scene, training) => {
      await training.eventually('nobody joins', 60_000, async () => {
        return (await training.having('joinTraining')).length > 0;
      });
      await killAll(scene, await training.members(1));
    },
  },
  {
    ...{ name: 'SIGKILL the leader before the first meeting', isFirst: true },
    happen: async (scene, training) => {
      await training.eventually('nobody leads', 60_000, async () => {
        return (await training.having('trainModel')).length > 0;
      });
      await killAll(scene, [await training.leader()]);
    },
  },
  {
    name: 'SIGKILL a member',
    happen: async (scene, training) => killAll(scene, await training.members(1)),
  },
  {
    name: 'SIGKILL the leader',
    happen: async (scene, training) => killAll(scene, [await training.leader()]),
  },
  {
    name: "SIGKILL a member's engine",
    happen: async (_, training) => signalEngines(await training.members(1), 'SIGKILL'),
  },
  {
    name: "SIGKILL the leader's engine",
    happen: async (_, training) => signalEngines([await training.leader()], 'SIGKILL'),
  },
  {
    ...{ name: 'SIGKILL two members at once', least: 3 },
    happen: async (scene, training) => killAll(scene, await training.members(2)),
  },
  {
    name: 'SIGKILL the leader and a member at once',
    happen: async (scene, training) =>
      killAll(scene, [await training.leader(), ...(await training.members(1))]),
  },
  {
    name: 'SIGKILL all workers at once',
    happen: async (scene) => killAll(scene, scene.workers),
  },
  {
    name: 'SIGTERM a member',
    happen: async (_, training) => terminate((await training.members(1))[0]!),
  },
  { name: 'SIGTERM the leader', happen: async (_, training) => terminate(await training.leader()) },
  {
    name: 'SIGSTOP a member, SIGCONT after the recovery',
    happen: async (_, training) => freeze((await training.members(1))[0]!),
  },
  {
    name: 'SIGSTOP the leader, SIGCONT beside its successor',
    happen: async (_, training) => freeze(await training.leader()),
  },
  {
    name: "SIGSTOP a member's engine",
    happen: async (_, training) => signalEngines(await training.members(1), 'SIGSTOP'),
  },
  {
    name: "SIGSTOP the leader's engine",
    happen: async (_, training) => signalEngines([await training.leader()], 'SIGSTOP'),
  },
  {
    name: 'SIGKILL a member in the middle of a collective',
    happen: async (scene, training) => {
      const members = await training.members(1);
      await inCollective(training, members[0]!);
      await killAll(scene, members);
    },
  },
  {
    name: 'SIGKILL the leader in the middle of a collective',
    happen: async (scene, training) => {
      const [leader, [member]] = [await training.leader(), await training.members(1)];
      await inCollective(training, member!);
      await killAll(scene, [leader]);
      signalEngines([member!], 'SIGCONT');
    },
  },
  {
    name: 'SIGKILL a member while a checkpoint is written',
    happen: async (scene, training) => {
      const members = await training.members(1);
      await inCheckpoint(scene);
      await killAll(scene, members);
    },
  },
  {
    name: 'SIGKILL the leader while a checkpoint is written',
    happen: async (scene, training) => {
      const leader = await training.leader();
      await inCheckpoint(scene);
      await killAll(scene, [leader]);
    },
  },
  {
    name: 'Temporal server away for 5 s',
    happen: async ({ cluster }) => {
      await cluster.killServer();
      await sleep(5000);
      await cluster.reviveServer();
    },
  },
  {
    name: 'store away for 10 s',
    happen: async ({ service: { proxy } }) => {
      await proxy.down();
      await sleep(10_000);
      await proxy.up();
    },
  },
  {
    name: 'store answers 503 for 5 s, a member is killed',
    happen: async (scene, training) => {
      const { proxy } = scene.service;
      proxy.weather = '503';
      await killAll(scene, await training.members(1));
      await sleep(5000);
      proxy.weather = 'fair';
    },
  },
  {
    ...{ name: 'network cut between leader and member, 20 s', isOfNetwork: true },
    happen: async (scene, training) =>
      cut(scene, await training.leader(), (await training.members(1))[0]!),
  },
  {
    ...{ name: 'network cut between two members, 20 s', isOfNetwork: true, least: 3 },
    happen: async (scene, training) => {
      const [one, other] = await training.members(2);
      return cut(scene, one!, other!);
    },
  },
  {
    ...{ name: 'host of a member unplugged for 20 s', isOfNetwork: true },
    happen: async (scene, training) => unplug(scene, (await training.members(1))[0]!),
  },
  {
    ...{ name: 'host of the leader unplugged until it has a successor', isOfNetwork: true },
    happen: async (scene, training) => unplug(scene, await training.leader()),
  },
];

async function killAll(scene: GroupScene, workers: readonly GroupWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => scene.kill(worker)));
}

function signalEngines(workers: readonly GroupWorker[], signal: NodeJS.Signals): void {
  for (const pid of workers.flatMap(enginesOf)) process.kill(pid, signal);
}

/** Of a worker, and its engine. @returns what thaws them */
function freeze({ process: { pid } }: GroupWorker): () => void {
  process.kill(-(pid ?? NaN), 'SIGSTOP');
  return () => void process.kill(-(pid ?? NaN), 'SIGCONT');
}

/** @throws unless it ends by itself, as told */
async function terminate({ process: worker }: GroupWorker): Promise<void> {
  const ended = new Promise<number | null>((resolve) => worker.once('exit', resolve));
  worker.kill('SIGTERM');
  const status = await ended;
  if (status !== 0) throw new Error(`a worker that was told to go ended with ${status}`);
}

/** All others wait for a member that does not come to it. */
async function inCollective(training: GroupTraining, member: GroupWorker): Promise<void> {
  signalEngines([member], 'SIGSTOP');
  for (let before = -1; before !== training.deeds.length; await sleep(1000))
    before = training.deeds.length;
}

async function inCheckpoint({ service: { proxy } }: GroupScene): Promise<void> {
  await proxy.uploaded((key) => key.includes('/checkpoints/'), 1);
}

function cut({ hosts }: GroupScene, one: GroupWorker, other: GroupWorker): () => Promise<void> {
  if (!hosts || !one.host || !other.host) throw new Error('there are no hosts');
  const pair = [one.host, other.host] as const;
  hosts.cut(...pair, true);
  const since = performance.now();
  return async () => {
    await sleep(Math.max(0, 20_000 - (performance.now() - since)));
    hosts.cut(...pair, false);
  };
}

function unplug({ hosts }: GroupScene, { host }: GroupWorker): () => Promise<void> {
  if (!hosts || !host) throw new Error('there are no hosts');
  hosts.unplug(host, true);
  const since = performance.now();
  return async () => {
    await sleep(Math.max(0, 20_000 - (performance.now() - since)));
    hosts.unplug(host, false);
  };
}
