/**
 * What can happen to a run. Whatever dies is started again, as a supervisor would; nothing else is
 * done for the run.
 */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../support/cluster';
import { exchangeShards, exchangeStores } from './exchange';
import { causeOf } from './failure-type';
import { hostileNeighbour } from './hostile-neighbour';
import { runOutOfMemory } from './memory-limit';
import type { Scene } from './scene';
import type { StorageProxy, Weather } from './storage-proxy';
import type { Place, Trial } from './trial';

export type Stage = 'ingest' | 'logits' | 'training';

export interface Fault {
  name: string;
  /** During which stages it makes sense. @default all of them */
  stages?: readonly Stage[];
  /** @default a folder */
  place?: Place;
  resume?: 'exact';
  /** Before the run another one is made, in a store of its own, with other logits. */
  beside?: { logitsSeed: number };
  /** Takes its place the first time that it is drawn. */
  once?: Fault;
  /** @param draw in [0, 1), from the seed: what is left to chance within the fault */
  happen(scene: Scene, trial: Trial, draw: number): Promise<void>;
}

const ENGINE_AT_WORK = ['logits', 'training'] as const;
const DAY_MS = 24 * 3600_000;

export const FAULTS: readonly Fault[] = [
  {
    name: 'SIGKILL engine',
    stages: ENGINE_AT_WORK,
    happen: async (scene) => scene.signalEngine('SIGKILL'),
  },
  {
    name: 'out of memory',
    stages: ENGINE_AT_WORK,
    happen: async (scene) => {
      for (const pid of childrenOf(scene.gpu.pid ?? NaN)) await runOutOfMemory(pid);
    },
  },
  {
    name: 'hostile neighbour',
    happen: async (scene, trial, draw) => {
      trial.landed();
      await hostileNeighbour(scene, `${trial.name}-neighbour`, draw);
    },
  },
  {
    name: 'two logit shards exchanged',
    stages: ['training'],
    happen: (scene, trial, draw) =>
      betweenAttempts(scene, trial, 'training', () => exchangeShards(trial.store, draw)),
  },
  {
    name: 'logits of two stores exchanged',
    stages: ['training'],
    beside: { logitsSeed: 8 },
    happen: (scene, trial) =>
      betweenAttempts(scene, trial, 'training', async () => {
        if (trial.other === null) throw new Error('there is no other store');
        await exchangeStores(trial.store, trial.other);
      }),
  },
  {
    name: 'SIGKILL CPU worker while it publishes',
    stages: ['training'],
    place: 'bucket',
    happen: async (scene, trial, draw) => {
      // Rejected clips, metrics, events, report, result, and the copies that name the latest run.
      const nth = Math.floor(draw * 7);
      await Promise.race([
        proxyOf(trial).uploaded((key) => key.startsWith(`${trial.name}/runs/`), nth),
        trial.handle.result().then(() => {
          throw new Error(`the run ended before object ${nth} of its publication`);
        }),
      ]);
      trial.landed();
      await scene.kill(scene.cpu);
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL GPU worker',
    stages: ENGINE_AT_WORK,
    happen: async (scene) => {
      await scene.kill(scene.gpu);
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL CPU worker',
    happen: async (scene) => {
      await scene.kill(scene.cpu);
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL all at once',
    happen: async (scene) => {
      await Promise.all([scene.kill(scene.gpu), scene.kill(scene.cpu), scene.cluster.killServer()]);
      await scene.cluster.reviveServer();
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL Temporal server',
    happen: async (scene) => {
      await scene.cluster.killServer();
      await scene.cluster.reviveServer();
    },
  },
  {
    name: 'SIGTERM GPU worker',
    stages: ENGINE_AT_WORK,
    happen: async (scene) => {
      await terminate(scene);
      await scene.revive();
    },
  },
  {
    name: 'SIGSTOP GPU worker, SIGCONT beside its successor',
    stages: ENGINE_AT_WORK,
    happen: async (scene, trial) => {
      const frozen = scene.gpu;
      process.kill(-(frozen.pid ?? NaN), 'SIGSTOP');
      const before = new Set(trial.deeds().map(({ pid }) => pid));
      trial.landed();
      await scene.replaceGpu();
      // The server gives the job away without a heartbeat for 30 s.
      await sleep(31_000);
      await trial.eventually(() => trial.deeds().some(({ pid }) => !before.has(pid)) || null);
      process.kill(-(frozen.pid ?? NaN), 'SIGCONT');
    },
  },
  {
    name: 'worker of another kind, refused',
    stages: ['training'],
    resume: 'exact',
    happen: async (scene, trial) => {
      await trial.newestCheckpoint();
      await terminate(scene);
      await scene.replaceGpu({ threads: 2 });
      const refusal = await trial.handle.result().then(() => 'nothing', causeOf);
      if (refusal !== 'CheckpointIncompatible') throw new Error(`refused with ${refusal}`);
      await scene.settle();
      await trial.begin();
    },
  },
  ...[DAY_MS, -DAY_MS].map((offsetMs): Fault => ({
    name: `clock a day ${offsetMs > 0 ? 'fast' : 'slow'}`,
    stages: ENGINE_AT_WORK,
    happen: async (scene) => {
      await terminate(scene);
      await scene.replaceGpu({ environment: { CED_CLOCK_OFFSET_MS: String(offsetMs) } });
    },
  })),
  storageFault('storage answers 503 for 5 s', '503', 5000),
  storageFault('storage answers 429 for 5 s', '429', 5000),
  storageFault('storage hangs for 5 s', 'hang', 5000),
  storageFault('storage cuts transfers for 5 s', 'cut', 5000),
  { ...storageDown(10), once: storageDown(120) },
  {
    name: 'full disk for 5 s',
    place: 'small disk',
    happen: async (_, trial) => {
      trial.disk?.fill();
      await sleep(5000);
      trial.disk?.free();
    },
  },
  ...(['flipped', 'truncated'] as const).flatMap((how): Fault[] => [
    damaged(`${how} teacher`, how, (trial) => keysOf(trial, 'models/', '.safetensors'), 'logits'),
    damaged(`${how} checkpoint`, how, (trial) => trial.newestCheckpoint()),
    damaged(`${how} logit shard`, how, (trial) => keysOf(trial, 'logits/', '.parquet')),
    damaged(`${how} audio shard`, how, (trial) => keysOf(trial, 'audio/', '.npy')),
  ]),
];

function proxyOf({ service }: Trial): StorageProxy {
  if (service === null) throw new Error('the store of this try is in no bucket');
  return service.proxy;
}

function storageFault(name: string, weather: Weather, ms: number): Fault {
  return {
    name,
    place: 'bucket',
    happen: async (_, trial) => {
      const proxy = proxyOf(trial);
      proxy.weather = weather;
      await sleep(ms);
      proxy.weather = 'fair';
    },
  };
}

function storageDown(seconds: number): Fault {
  return {
    name: `storage down for ${seconds} s`,
    place: 'bucket',
    happen: async (_, trial) => {
      const proxy = proxyOf(trial);
      await proxy.down();
      await sleep(seconds * 1000);
      await proxy.up();
    },
  };
}

/** One of the files is damaged. */
function damaged(
  name: string,
  how: 'flipped' | 'truncated',
  choose: (trial: Trial) => Promise<string[]>,
  stage: Stage = 'training',
): Fault {
  return {
    name,
    stages: [stage],
    happen: (scene, trial, draw) =>
      betweenAttempts(scene, trial, stage, async () => {
        const keys = await choose(trial);
        const path = join(trial.store.uri, keys[Math.floor(draw * keys.length)] ?? '');
        if (how === 'flipped') flipOneBit(path, draw);
        else truncateSync(path, Math.floor(((draw * 7919) % 1) * readFileSync(path).length));
      }),
  };
}

/**
 * The engine is killed after `change`, so that the next attempt reads what was changed. It is held
 * still before, so that the newest checkpoint is still the newest when that attempt looks.
 */
async function betweenAttempts(
  scene: Scene,
  trial: Trial,
  stage: Stage,
  change: () => Promise<void>,
): Promise<void> {
  if (stage === 'training') await trial.newestCheckpoint();
  scene.signalEngine('SIGSTOP');
  await change();
  scene.signalEngine('SIGKILL');
}

async function keysOf(trial: Trial, prefix: string, ending: string): Promise<string[]> {
  return (await trial.store.list(prefix)).filter((key) => key.endsWith(ending));
}

function flipOneBit(path: string, draw: number): void {
  const bytes = readFileSync(path);
  const bit = Math.floor(((draw * 7919) % 1) * bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(path, bytes);
}

/** A spot instance's warning; resolved when the worker is gone. */
export async function terminate(scene: Scene): Promise<void> {
  const { gpu } = scene;
  const gone = new Promise((resolve) => gpu.once('exit', resolve));
  const toldMs = performance.now();
  gpu.kill('SIGTERM');
  await gone;
  if (performance.now() - toldMs > 20_000) throw new Error('SIGTERM took more than 20 s');
}
