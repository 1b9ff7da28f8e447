/**
 * Reads every object of a store that has a recorded hash and compares. Changes nothing: a run that
 * meets the damage mends it.
 */
import { readWaveformManifest } from '../../storage/models/waveform-folder';
import { readCheckpoint, checkpointSteps } from '../../storage/training/training-checkpoint';
import { decodeSegment } from '../../storage/training/metrics-segment';
import { planRecord } from '../../storage/corpus/plan-manifest';
import { layout } from '../../storage/layout';
import type { Split } from '../../workflows/contract/models';
import { logitsRecord } from '../../storage/logits/stored-shard';
import {
  decodeRecord,
  readRecordIfPresent,
  RecordDamaged,
  type RecordFormat,
} from '../../storage/record';
import { scoresRecord } from '../../storage/scores';
import { sha256, type Store } from '../../storage/store';
import { recordAt } from './stored-records';

export interface Verification {
  verified: number;
  damaged: { key: string; why: string }[];
  /** Objects for which no hash is recorded anywhere. */
  unhashed: number;
}

export async function verifyStore(
  store: Store,
  onObject: (done: number, of: number) => void = () => undefined,
): Promise<Verification> {
  const objects = (await store.inventory()).filter(
    ({ key }) => !key.startsWith('quarantine/') && !key.includes('.writing-'),
  );
  const result: Verification = { verified: 0, damaged: [], unhashed: 0 };
  for (const [index, { key }] of objects.entries()) {
    const why = await verdict(store, key).catch((error: unknown) =>
      error instanceof RecordDamaged ? error.why : Promise.reject(error as Error),
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
  if (place === 'audio' && name.endsWith('.npy'))
    return await expect(name.slice(0, -'.npy'.length));
  if (place === 'plans' && file === 'plan.json') return await expect(name);
  const listing = place === 'plans' ? /^(train|validation|eval)-(\d+)\.json$/.exec(file) : null;
  if (listing)
    return await expect(await hashOfListing(store, name, listing[1] as Split, Number(listing[2])));
  if (place === 'logits' && file.endsWith('.parquet')) {
    return await expect(await hashIn(store, key.replace(/parquet$/, 'json'), logitsRecord));
  }
  if (place === 'scores' && file.endsWith('.f32')) {
    const expected = await hashIn(store, key.replace(/f32$/, 'json'), scoresRecord);
    return expected === undefined ? null : await expect(expected);
  }
  const segment = /^training\/[^/]+\/metrics\/(\d+)-from-(\d+)\.jsonl$/.exec(key);
  if (segment) {
    const found = decodeSegment((await store.read(key)) ?? new Uint8Array(), {
      from: Number(segment[2]),
      to: Number(segment[1]),
    });
    if (typeof found === 'string') return found;
    return found.checksummed ? 'sound' : null;
  }
  if (place === 'models') {
    const manifest = await readWaveformManifest(store, name).catch(() => null);
    if (file === 'manifest.json' || (file === 'model.safetensors' && !manifest))
      return await expect(name);
    return manifest
      ? await expect(
          manifest.files.find(({ path }) => key === layout.modelFile(name, path))?.sha256,
        )
      : null;
  }
  const checkpoint = /^training\/([^/]+)\/checkpoints\/(\d+)\/state\.json$/.exec(key);
  if (checkpoint)
    return (await readCheckpoint(store, checkpoint[1]!, Number(checkpoint[2])))
      ? 'sound'
      : 'is no whole checkpoint';
  if (place === 'training' && file === 'best')
    return await expect(await hashOfBest(store, name, key));
  // A checkpoint's files are read with its state.
  if (key.includes('/checkpoints/')) return 'sound';
  if (!key.endsWith('.json')) return null;
  const format = recordAt(key);
  const bytes = format && (await store.read(key));
  return bytes && decodeRecord(store, key, format, bytes).checksummed ? 'sound' : null;
}

/** undefined where the manifest is gone, damaged itself, or of an earlier version. */
async function hashIn(
  store: Store,
  manifestKey: string,
  format: RecordFormat<{ sha256?: string }>,
): Promise<string | undefined> {
  return (await readRecordIfPresent(store, manifestKey, format).catch(unlessDamaged))?.sha256;
}

async function hashOfListing(
  store: Store,
  planKey: string,
  split: Split,
  shard: number,
): Promise<string | undefined> {
  const plan = await readRecordIfPresent(store, layout.plan(planKey), planRecord).catch(
    unlessDamaged,
  );
  return plan?.splits[split]?.listings[shard];
}

function unlessDamaged(error: unknown): null {
  if (error instanceof RecordDamaged) return null;
  throw error;
}

async function hashOfBest(
  store: Store,
  trainingKey: string,
  key: string,
): Promise<string | undefined> {
  for (const step of (await checkpointSteps(store, trainingKey)).reverse()) {
    const state = (await readCheckpoint(store, trainingKey, step))?.state;
    const entry = state?.best.find((each) => layout.best(trainingKey, each.step) === key);
    if (entry?.sha256 !== undefined) return entry.sha256;
  }
  return undefined;
}
