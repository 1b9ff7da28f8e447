/** What can happen to a run. Whatever dies is started again, as a supervisor would; nothing else is done for the run. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from '../support/cluster';
import type { Scene } from './scene';

export interface Fault {
  name: string;
  /** Only once training has begun. */
  needsCheckpoint?: true;
  /** @param store the run's folder. @param draw in [0, 1), from the seed: what is left to chance within the fault */
  happen(scene: Scene, store: string, draw: number): Promise<void>;
}

export const FAULTS: readonly Fault[] = [
  { name: 'SIGKILL engine', happen: async (scene) => scene.signalEngine('SIGKILL') },
  {
    name: 'SIGKILL GPU worker',
    happen: async (scene) => {
      await kill(scene.gpu);
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL CPU worker',
    happen: async (scene) => {
      await kill(scene.cpu);
      await scene.revive();
    },
  },
  {
    name: 'SIGKILL all workers',
    happen: async (scene) => {
      await Promise.all([kill(scene.gpu), kill(scene.cpu)]);
      await scene.revive();
    },
  },
  {
    name: 'SIGTERM GPU worker',
    happen: async (scene) => {
      const gone = new Promise((resolve) => scene.gpu.once('exit', resolve));
      scene.gpu.kill('SIGTERM');
      await gone;
      await scene.revive();
    },
  },
  { name: 'SIGKILL Temporal server', happen: async (scene) => scene.cluster.replaceServer() },
  {
    name: 'flipped checkpoint',
    needsCheckpoint: true,
    happen: async (scene, store, draw) => {
      // Held still, so that the newest checkpoint is still the newest when the next attempt looks.
      scene.signalEngine('SIGSTOP');
      const checkpoint = newestCheckpoint(join(store, 'training', readdirSync(join(store, 'training'))[0] ?? ''));
      flipOneBit(readdirSync(checkpoint).sort().map((file) => join(checkpoint, file)), draw); // prettier-ignore
      scene.signalEngine('SIGKILL');
    },
  },
  {
    name: 'flipped logit shard',
    needsCheckpoint: true,
    happen: async (scene, store, draw) => {
      flipOneBit(filesOf(join(store, 'logits'), '.parquet'), draw);
      scene.signalEngine('SIGKILL');
    },
  },
  {
    name: 'flipped audio shard',
    needsCheckpoint: true,
    happen: async (scene, store, draw) => {
      flipOneBit(filesOf(join(store, 'audio'), '.npy'), draw);
      scene.signalEngine('SIGKILL');
    },
  },
];

function newestCheckpoint(training: string): string {
  const folder = join(training, 'checkpoints');
  const whole = readdirSync(folder).filter((step) => readdirSync(join(folder, step)).includes('state.json'));
  return join(folder, whole.sort().at(-1) ?? '');
}

function filesOf(folder: string, extension: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(extension)).sort().map((name) => join(folder, name)); // prettier-ignore
}

/** In one of the files. */
function flipOneBit(files: string[], draw: number): void {
  const path = files[Math.floor(draw * files.length)] ?? '';
  const bytes = readFileSync(path);
  const bit = Math.floor(((draw * 7919) % 1) * bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(path, bytes);
}
