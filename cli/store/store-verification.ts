/**
 * Reads every object of a store that has a recorded hash and compares. Changes nothing: a run that
 * meets damage repairs it.
 */
import { planRecord, type PlanManifest } from '../../storage/corpus/plan-manifest';
import { layout } from '../../storage/layout';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { manifestRecord } from '../../storage/models/worker-folder';
import { outputsRecord } from '../../storage/outputs/outputs-manifest';
import {
  decodeRecord,
  readRecordIfPresent,
  RecordDamaged,
  type RecordFormat,
} from '../../storage/record';
import { scoresRecord } from '../../storage/scores';
import { sha256, type Store } from '../../storage/store';
import { objectSha256 } from '../../storage/verified-object';
import { decodeSegment } from '../../storage/training/metrics-segment';
import {
  checkpointSteps,
  readCheckpoint,
  readCheckpointState,
} from '../../storage/training/training-checkpoint';
import type { Split } from '../../workflows/contract/models';
import { recordAt } from './stored-records';

export interface Verification {
  verified: number;
  damaged: { key: string; why: string }[];
  /**
   * Data that no manifest names: of work that was interrupted before its manifest, or superseded.
   * It is harmless, and written again where it is needed.
   */
  leftOver: string[];
  /** Objects for which no hash is recorded anywhere. */
  unhashed: number;
}

type Finding = 'verified' | 'left over' | 'unhashed' | { why: string };

export async function verifyStore(
  store: Store,
  onObject: (done: number, of: number) => void = () => undefined,
): Promise<Verification> {
  const objects = (await store.inventory())
    .filter(({ key }) => !key.startsWith('quarantine/') && !key.includes('.writing-'))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const verifier = new Verifier(store);
  const result: Verification = { verified: 0, damaged: [], leftOver: [], unhashed: 0 };
  for (const [index, { key }] of objects.entries()) {
    const found = await verifier.look(key);
    if (found === 'verified') result.verified++;
    else if (found === 'unhashed') result.unhashed++;
    else if (found === 'left over') result.leftOver.push(key);
    else result.damaged.push({ key, why: found.why });
    onObject(index + 1, objects.length);
  }
  return result;
}

class Verifier {
  /** What the last plan, training or waveform model says of its files: keys come in order. */
  private known: { of: string; hashes: Promise<ReadonlyMap<string, string>> } | null = null;

  constructor(private readonly store: Store) {}

  /** @throws {PermanentError} RecordTooNew */
  async look(key: string): Promise<Finding> {
    try {
      return await this.find(key);
    } catch (error) {
      if (error instanceof RecordDamaged) return { why: error.why };
      throw error;
    }
  }

  private async find(key: string): Promise<Finding> {
    const [place, name = '', file = ''] = key.split('/');
    switch (place) {
      case 'audio':
        return name.endsWith('.npy') ? await this.compare(key, name.slice(0, -4)) : 'unhashed';
      case 'plans':
        if (file === 'plan.json') return await this.compare(key, name);
        if (/^(train|validation|eval)-\d+\.json$/.test(file))
          return await this.compareNamed(key, `plans/${name}`, () => this.listings(name));
        return await this.lookAtRecord(key);
      case 'logits':
        return file.endsWith('.parquet')
          ? await this.compareWithManifest(key, key.replace(/parquet$/, 'json'), logitsRecord)
          : await this.lookAtRecord(key);
      case 'outputs':
        return await this.lookAtOutputs(key);
      case 'probes':
        return /^[0-9a-f]{64}\.npy$/.test(name)
          ? await this.compare(key, name.slice(0, -4))
          : 'unhashed';
      case 'teachers':
        return await this.compare(key, file.replace(/\.json$/, ''));
      case 'scores':
        return file.endsWith('.f32')
          ? await this.compareWithManifest(key, key.replace(/f32$/, 'json'), scoresRecord)
          : await this.lookAtRecord(key);
      case 'models':
        return await this.lookAtModel(key, name, file);
      case 'training':
        return await this.lookAtTraining(key, name);
      default:
        return await this.lookAtRecord(key);
    }
  }

  private async compare(key: string, expected: string): Promise<Finding> {
    return (await objectSha256(this.store, key)) === expected
      ? 'verified'
      : { why: 'does not hash to what is recorded' };
  }

  /** Compares with the hash that something else records of it. @param of names that */
  private async compareNamed(
    key: string,
    of: string,
    hashes: () => Promise<ReadonlyMap<string, string>>,
  ): Promise<Finding> {
    if (this.known?.of !== of) this.known = { of, hashes: hashes() };
    const expected = (await this.known.hashes).get(key);
    return expected === undefined ? 'left over' : await this.compare(key, expected);
  }

  private async compareWithManifest(
    key: string,
    manifestKey: string,
    format: RecordFormat<{ sha256?: string }>,
  ): Promise<Finding> {
    const manifest = await this.readUnlessDamaged(manifestKey, format);
    if (manifest === null) return 'left over';
    // Scores of an earlier version have no hash.
    return manifest.sha256 === undefined ? 'unhashed' : await this.compare(key, manifest.sha256);
  }

  /** Data and rows of outputs are named by the manifest beside them. */
  private async lookAtOutputs(key: string): Promise<Finding> {
    const [, base = '', isRows] = /^(.*?)(\.rows)?\.npy$/.exec(key) ?? [];
    if (base === '') return await this.lookAtRecord(key);
    const manifest = await this.readUnlessDamaged(`${base}.json`, outputsRecord);
    // Parts of a shard, and rows that a worker has yet to predict.
    if (manifest === null) return 'left over';
    return await this.compare(key, isRows ? manifest.rowsSha256 : manifest.sha256);
  }

  /** A model is named by its weights, or else by its manifest. */
  private async lookAtModel(key: string, name: string, file: string): Promise<Finding> {
    if (file === 'manifest.json' || file === 'model.safetensors')
      return await this.compare(key, name);
    if (file === 'config.json' || file === 'thresholds.json') return await this.lookAtRecord(key);
    if (!(await this.store.exists(layout.modelManifest(name)))) return 'unhashed';
    return await this.compareNamed(key, `models/${name}`, () => this.modelFiles(name));
  }

  private async lookAtTraining(key: string, name: string): Promise<Finding> {
    const segment = /\/metrics\/(\d+)-from-(\d+)\.jsonl$/.exec(key);
    if (segment) {
      const bytes = (await this.store.read(key)) ?? new Uint8Array();
      const span = { from: Number(segment[2]), to: Number(segment[1]) };
      const found = decodeSegment(bytes, span);
      if (typeof found === 'string') return { why: found };
      return found.checksummed ? 'verified' : 'unhashed';
    }
    const checkpoint = /\/checkpoints\/(\d+)\/(.*)$/.exec(key);
    if (checkpoint) {
      const step = Number(checkpoint[1]);
      if (checkpoint[2] === 'state.json')
        return (await readCheckpoint(this.store, name, step))
          ? 'verified'
          : { why: 'is no whole checkpoint' };
      // A checkpoint's files are read with its state.
      const state = layout.checkpoint(name, step, 'state.json');
      return (await this.store.exists(state)) ? 'verified' : 'left over';
    }
    return key.startsWith(`${layout.training(name)}best/`)
      ? await this.compareNamed(key, `training/${name}`, () => this.bestWeights(name))
      : await this.lookAtRecord(key);
  }

  private async lookAtRecord(key: string): Promise<Finding> {
    const format = key.endsWith('.json') ? recordAt(key) : null;
    const bytes = format && (await this.store.read(key));
    return bytes && decodeRecord(this.store, key, format, bytes).checksummed
      ? 'verified'
      : 'unhashed';
  }

  private async listings(planKey: string): Promise<ReadonlyMap<string, string>> {
    const plan = await this.readNamed(layout.plan(planKey), planKey, planRecord);
    const splits = Object.entries(plan?.splits ?? {}) as [Split, PlanManifest['splits'][Split]][];
    return new Map(
      splits.flatMap(([split, planned]) =>
        (planned?.listings ?? []).map((hash, shard): [string, string] => [
          layout.listing(planKey, split, shard),
          hash,
        ]),
      ),
    );
  }

  private async modelFiles(name: string): Promise<ReadonlyMap<string, string>> {
    const manifest = await this.readNamed(layout.modelManifest(name), name, manifestRecord);
    return new Map(
      (manifest && 'files' in manifest ? manifest.files : []).map(({ path, sha256: hash }) => [
        layout.modelFile(name, path),
        hash,
      ]),
    );
  }

  /** Of the weights that a checkpoint names; later checkpoints supersede some. */
  private async bestWeights(trainingKey: string): Promise<ReadonlyMap<string, string>> {
    const hashes = new Map<string, string>();
    for (const step of await checkpointSteps(this.store, trainingKey)) {
      const state = await readCheckpointState(this.store, trainingKey, step);
      for (const entry of state?.best ?? [])
        if (entry.sha256 !== undefined)
          hashes.set(layout.best(trainingKey, entry.step), entry.sha256);
    }
    return hashes;
  }

  /** A record that is named by its hash; null where it is missing or damaged. */
  private async readNamed<T>(
    key: string,
    expected: string,
    format: RecordFormat<T>,
  ): Promise<T | null> {
    const bytes = await this.store.read(key);
    return bytes && sha256(bytes) === expected
      ? decodeRecord(this.store, key, format, bytes).value
      : null;
  }

  /** null where it is missing, or damaged: then it is reported by itself. */
  private async readUnlessDamaged<T>(key: string, format: RecordFormat<T>): Promise<T | null> {
    try {
      return await readRecordIfPresent(this.store, key, format);
    } catch (error) {
      if (error instanceof RecordDamaged) return null;
      throw error;
    }
  }
}
