/**
 * The manifest of stored outputs, written last: by a worker in any language, or by our engine with
 * `keepOutputs`. What it says is compared with what was asked for, then the data with it.
 */
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import {
  outputsManifestSchema,
  type OutputsManifest,
} from '../../workflows/contract/teacher-worker';
import type { ModelReference, Split } from '../../workflows/contract/models';
import { quarantine } from '../quarantine';
import { decodeRecord, record, RecordDamaged } from '../record';
import type { Store } from '../store';
import type { ExpectedOutputs } from './expected-outputs';

export const outputsRecord = record('outputs manifest', 1, outputsManifestSchema);

/** Whose outputs they are, for messages and for repair. */
export interface OutputsOwner {
  /** Of the run file. */
  name: string;
  /** `train shard 3`. */
  what: string;
  damage: Extract<Damage, { kind: 'outputs' }>;
}

export function shardOwner(
  { name, sha256 }: Pick<ModelReference, 'name' | 'sha256'>,
  split: Split,
  shard: number,
): OutputsOwner {
  const damage = { kind: 'outputs' as const, teacher: sha256, split, shard };
  return { name, what: `${split} shard ${shard}`, damage };
}

/**
 * null where there is none, or a damaged one was quarantined.
 * @throws {PermanentError} TeacherInvalid or TeacherChanged when it is whole and is for something
 *   else; it is quarantined, so that the next run asks again
 */
export async function readOutputsManifest(
  store: Store,
  expected: ExpectedOutputs,
  owner: OutputsOwner,
): Promise<OutputsManifest | null> {
  const key = expected.place.manifest;
  const bytes = await store.read(key);
  if (bytes === null) return null;
  const manifest = decoded(store, key, bytes);
  // Rows are data: outputs for others are no outputs of this shard.
  if (
    manifest === null ||
    manifest.audio !== expected.audio.sha256 ||
    manifest.rowsSha256 !== expected.rowsSha256
  ) {
    await quarantineOutputs(store, expected);
    return null;
  }
  const refuse = async (code: 'TeacherInvalid' | 'TeacherChanged', why: string): Promise<never> => {
    await quarantineOutputs(store, expected);
    throw new PermanentError(code, `${owner.name}: ${owner.what}: ${why}`);
  };
  const { version, weightsSha256, rows, classes, output } = manifest;
  if (version !== expected.version || weightsSha256 !== expected.weightsSha256)
    return await refuse(
      'TeacherChanged',
      `its outputs are by version ${version} with weights ${weightsSha256.slice(0, 12)}, ` +
        `asked was version ${expected.version} with ${expected.weightsSha256.slice(0, 12)}`,
    );
  if (rows !== expected.rows || classes !== expected.classes)
    return await refuse(
      'TeacherInvalid',
      `its outputs are [${rows}, ${classes}], expected [${expected.rows}, ${expected.classes}]`,
    );
  if (output !== expected.output)
    return await refuse('TeacherInvalid', `it gave ${output}, declared are ${expected.output}`);
  return manifest;
}

function decoded(store: Store, key: string, bytes: Uint8Array): OutputsManifest | null {
  try {
    return decodeRecord(store, key, outputsRecord, bytes).value;
  } catch (error) {
    if (error instanceof RecordDamaged) return null;
    throw error;
  }
}

/** Data and manifest: which of the two is wrong cannot be known. */
export async function quarantineOutputs(
  store: Store,
  { place }: Pick<ExpectedOutputs, 'place'>,
): Promise<void> {
  await quarantine(store, place.manifest);
  await quarantine(store, place.data);
}

export function outputsDamaged(store: Store, key: string, why: string, owner: OutputsOwner): Error {
  return new StoreDamaged([owner.damage], `${owner.name}: ${store.uri}: ${key} is ${why}`);
}
