/**
 * Teachers with a front end of their own in a store: `models/<sha256 of manifest.json>/`, the
 * manifest naming format, declared output, classes and every file by its SHA-256. So the name
 * covers all that decides what such a model says of a clip; the manifest is written last.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../../ced/engine/engine';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import { loadSavedModelNet, savedModelSignature } from '../../ced/teachers/saved-model-net';
import { vocabularySchema } from '../../ced/teachers/vocabulary';
import type { TensorChoice } from '../../ced/teachers/waveform-layout';
import type { WaveformNet } from '../../ced/teachers/waveform-net';
import { StoreDamaged } from '../../workflows/contract/damage';
import { layout } from '../layout';
import { createAnew, quarantine } from '../quarantine';
import { decodeRecord, record, type RecordOf } from '../record';
import { encodeJson, sha256, type Store } from '../store';

export const waveformRecord = record(
  'waveform model manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    format: z.enum(['onnx', 'savedmodel']),
    output: z.enum(['probabilities', 'logits']),
    /** Where there are several inputs: the one that is meant. */
    input: z.exactOptional(z.string()),
    /** Where there are several outputs: the one that is meant. */
    outputName: z.string().optional(),
    /** The following as in a run file; absent = its default there. */
    axis: z.exactOptional(z.number()),
    pool: z.exactOptional(z.enum(['mean', 'max'])),
    sampleRate: z.exactOptional(z.number()),
    windowSeconds: z.exactOptional(z.number()),
    hopSeconds: z.exactOptional(z.number()),
    pad: z.exactOptional(z.enum(['zeros', 'repeat', 'none'])),
    /** The shortest clip that the network says something of, if its trial found one. */
    shortestSeconds: z.exactOptional(z.number()),
    vocabulary: vocabularySchema,
    /** Numbers that the model holds, as far as its files tell. */
    parameters: z.number(),
    /** Paths within the model's folder, sorted. */
    files: z.array(z.object({ path: z.string(), sha256: z.string(), bytes: z.number() })),
  }),
);
type WaveformManifest = RecordOf<typeof waveformRecord>;

export const onnxFile = 'model.onnx';
export const savedModelFile = 'saved_model.pb';
const EXTERNAL = /^external\//;

/** Path within the model's folder of what lies beside the ONNX file under that name. */
export function externalFile(name: string): string {
  return `external/${name}`;
}

/** What a run file says of a model. */
export type WaveformDeclaration = Omit<WaveformManifest, 'formatVersion' | 'files'>;

/** Writes a model and returns its name. */
export async function storeWaveformModel(
  store: Store,
  declared: WaveformDeclaration,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const manifest: WaveformManifest = {
    formatVersion: 1,
    ...declared,
    files: [...files]
      .map(([path, bytes]) => ({ path, sha256: sha256(bytes), bytes: bytes.byteLength }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const encoded = encodeJson(manifest);
  const key = sha256(encoded);
  for (const [path, bytes] of files) await createAnew(store, layout.modelFile(key, path), bytes);
  await createAnew(store, layout.modelManifest(key), encoded);
  return key;
}

/** null when the store's model of that name is none of these. @throws {StoreDamaged} */
export async function readWaveformManifest(
  store: Store,
  modelSha256: string,
): Promise<WaveformManifest | null> {
  const bytes = await store.read(layout.modelManifest(modelSha256));
  if (bytes === null) return null;
  if (sha256(bytes) !== modelSha256)
    throw await damaged(store, modelSha256, layout.modelManifest(modelSha256), modelSha256);
  return decodeRecord(store, layout.modelManifest(modelSha256), waveformRecord, bytes).value;
}

/** @throws {StoreDamaged} @throws TeacherInvalid when its runtime refuses it */
export async function loadWaveformNet(
  store: Store,
  engine: Engine,
  modelSha256: string,
  manifest: WaveformManifest,
): Promise<WaveformNet> {
  const files = new Map<string, Uint8Array>();
  for (const { path, sha256: expected } of manifest.files) {
    const key = layout.modelFile(modelSha256, path);
    const bytes = await store.read(key);
    if (bytes === null || sha256(bytes) !== expected)
      throw await damaged(store, modelSha256, key, expected);
    files.set(path, bytes);
  }
  switch (manifest.format) {
    case 'onnx':
      return await loadOnnx(engine, files, choiceOf(manifest));
    case 'savedmodel':
      return await inFolder(
        (folder) => writeFiles(folder, files),
        (folder) => {
          const bytes = files.get(savedModelFile) ?? new Uint8Array();
          return loadSavedModelNet(engine, folder, savedModelSignature(bytes, choiceOf(manifest)));
        },
      );
  }
}

function choiceOf({ input, outputName, vocabulary }: WaveformManifest): TensorChoice {
  return { input, outputName, classes: vocabulary.length };
}

async function damaged(
  store: Store,
  modelSha256: string,
  key: string,
  expected: string,
): Promise<StoreDamaged> {
  await quarantine(store, key, expected);
  return new StoreDamaged(
    [{ kind: 'model', sha256: modelSha256 }],
    `${store.uri}: ${key} is damaged or missing`,
  );
}

async function loadOnnx(
  engine: Engine,
  files: ReadonlyMap<string, Uint8Array>,
  choice: TensorChoice,
): Promise<WaveformNet> {
  const bytes = files.get(onnxFile) ?? new Uint8Array();
  if (files.size === 1) return await loadOnnxNet(bytes, engine.threads, choice);
  return await inFolder(
    (folder) => writeOnnx(folder, files),
    (folder) => loadOnnxNet(join(folder, onnxFile), engine.threads, choice),
  );
}

/** As onnxruntime reads it: external data beside the model. */
export async function writeOnnx(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const beside = [...files].map(([path, bytes]) => [path.replace(EXTERNAL, ''), bytes] as const);
  await writeFiles(folder, new Map(beside));
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** Runtimes want a folder for models of several files, and a store may have none. */
async function inFolder(
  write: (folder: string) => Promise<void>,
  load: (folder: string) => WaveformNet | Promise<WaveformNet>,
): Promise<WaveformNet> {
  const folder = await mkdtemp(join(tmpdir(), 'ced-network-'));
  try {
    await write(folder);
    return await load(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
