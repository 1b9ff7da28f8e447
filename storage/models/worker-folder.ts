/**
 * Teachers of format `worker` in a store: `models/<sha256 of manifest.json>/manifest.json`. The
 * manifest is what the worker said of its teacher, with its classes: the model itself never comes
 * here. It holds neither the run file's name nor the queue, so runs that call the teacher otherwise
 * share its outputs and scores.
 */
import { z } from 'zod';
import { teacherKey } from '../../ced/teachers/teacher-key';
import { vocabularySchema, type Vocabulary } from '../../ced/teachers/vocabulary';
import { StoreDamaged } from '../../workflows/contract/damage';
import type { TeacherDescription } from '../../workflows/contract/teacher-worker';
import { layout } from '../layout';
import { createAnew, quarantine } from '../quarantine';
import { decodeRecord, record, type RecordOf } from '../record';
import { encodeJson, sha256, type Store } from '../store';
import { waveformRecord } from './waveform-folder';

export const workerRecord = record(
  'worker teacher manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    format: z.literal('worker'),
    teacherKey: z.string(),
    version: z.string(),
    weightsSha256: z.string(),
    sampleRate: z.number(),
    longestSeconds: z.number().nullable(),
    output: z.enum(['probabilities', 'logits']),
    masks: z.boolean(),
    vocabulary: vocabularySchema,
  }),
);
export type WorkerManifest = RecordOf<typeof workerRecord>;

/** `models/<sha256>/manifest.json` of either kind. */
export const manifestRecord = record(
  'model manifest',
  1,
  z.union([waveformRecord.schema, workerRecord.schema]),
);

/** @returns its name in the store */
export async function storeWorkerTeacher(
  store: Store,
  description: TeacherDescription,
  vocabulary: Vocabulary,
): Promise<string> {
  const { version, weightsSha256, sampleRate, longestSeconds, output, masks } = description;
  const manifest: WorkerManifest = {
    formatVersion: 1,
    format: 'worker',
    teacherKey: teacherKey(description),
    version,
    weightsSha256,
    sampleRate,
    longestSeconds,
    output,
    masks,
    vocabulary: vocabulary.map(({ mid, name }) => ({ mid, name })),
  };
  const encoded = encodeJson(manifest);
  const name = sha256(encoded);
  await createAnew(store, layout.modelManifest(name), encoded);
  return name;
}

/** null when the store's model of that name is no worker's. @throws {StoreDamaged} */
export async function readWorkerManifest(
  store: Store,
  name: string,
): Promise<WorkerManifest | null> {
  const key = layout.modelManifest(name);
  const bytes = await store.read(key);
  if (bytes === null) return null;
  if (sha256(bytes) !== name) {
    await quarantine(store, key, name);
    throw new StoreDamaged([{ kind: 'model', sha256: name }], `${store.uri}: ${key} is damaged`);
  }
  const { value } = decodeRecord(store, key, manifestRecord, bytes);
  return value.format === 'worker' ? value : null;
}

/** As `readWorkerManifest`. @throws {StoreDamaged} also where it is missing */
export async function requireWorkerManifest(store: Store, name: string): Promise<WorkerManifest> {
  const manifest = await readWorkerManifest(store, name);
  if (manifest) return manifest;
  throw new StoreDamaged(
    [{ kind: 'model', sha256: name }],
    `${store.uri}: ${layout.modelManifest(name)} is missing`,
  );
}
