/** Reads every object of a store that has a recorded hash and compares. Changes nothing: a run that meets the damage mends it. */
import { readWaveformManifest } from '../activities/waveform-folder';
import { readCheckpoint, checkpointSteps } from '../activities/distill/training-checkpoint';
import type { LogitsManifest } from '../activities/logits/stored-shard';
import { layout } from '../activities/storage/layout';
import { readJsonIfPresent, sha256, type Store } from '../activities/storage/store';

export interface Verification {
  verified: number;
  damaged: { key: string; why: string }[];
  /** Objects for which no hash is recorded anywhere. */
  unhashed: number;
}

export async function verifyStore(store: Store, onObject: (done: number, of: number) => void = () => undefined): Promise<Verification> {
  const objects = (await store.inventory()).filter(({ key }) => !key.startsWith('quarantine/') && !key.includes('.writing-'));
  const result: Verification = { verified: 0, damaged: [], unhashed: 0 };
  for (const [index, { key }] of objects.entries()) {
    const why = await verdict(store, key).catch((error: unknown) =>
      error instanceof SyntaxError ? 'is not JSON' : Promise.reject(error as Error),
    );
    if (why === null) result.unhashed++;
    else if (why === 'sound') result.verified++;
    else result.damaged.push({ key, why });
    onObject(index + 1, objects.length);
  }
  return result;
}

/** 'sound', what is wrong, or null where no hash is known. */
async function verdict(store: Store, key: string): Promise<string | null> {
  const [place, name = '', file = ''] = key.split('/');
  const expect = async (hash: string | undefined): Promise<string> => {
    if (hash === undefined) return 'no manifest names it';
    const bytes = await store.read(key);
    return bytes && sha256(bytes) === hash ? 'sound' : 'does not hash to what is recorded';
  };
  if (place === 'audio' && name.endsWith('.npy')) return await expect(name.slice(0, -'.npy'.length));
  if (place === 'plans' && file === 'plan.json') return await expect(name);
  if (place === 'logits' && file.endsWith('.parquet')) {
    const manifest = await readJsonIfPresent<LogitsManifest>(store, key.replace(/parquet$/, 'json'));
    return await expect(manifest?.sha256);
  }
  if (place === 'models') {
    const manifest = await readWaveformManifest(store, name).catch(() => null);
    if (file === 'manifest.json' || (file === 'model.safetensors' && !manifest)) return await expect(name);
    return manifest ? await expect(manifest.files.find(({ path }) => key === layout.modelFile(name, path))?.sha256) : null;
  }
  const checkpoint = /^training\/([^/]+)\/checkpoints\/(\d+)\/state\.json$/.exec(key);
  if (checkpoint) return (await readCheckpoint(store, checkpoint[1]!, Number(checkpoint[2]))) ? 'sound' : 'is no whole checkpoint';
  if (place === 'training' && file === 'best') return await expect(await hashOfBest(store, name, key));
  // A checkpoint's files are read with its state.
  return key.includes('/checkpoints/') ? 'sound' : null;
}

async function hashOfBest(store: Store, trainingKey: string, key: string): Promise<string | undefined> {
  for (const step of (await checkpointSteps(store, trainingKey)).reverse()) {
    const state = (await readCheckpoint(store, trainingKey, step))?.state;
    const entry = state?.best.find((each) => layout.best(trainingKey, each.step) === key);
    if (entry?.sha256 !== undefined) return entry.sha256;
  }
  return undefined;
}
