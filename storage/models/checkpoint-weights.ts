/**
 * The weights of a checkpoint's folder: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` names, as Hugging Face's libraries write large models. Files that
 * could run code are never opened, but named with the remedy.
 * https://huggingface.co/docs/transformers/big_models#sharded-checkpoints
 */
import { z } from 'zod';
import type { ModelConfig } from '../../ced/model/config';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights, type WeightTensor } from '../../ced/model/weights';
import { PermanentError } from '../../workflows/contract/failures';

const WEIGHTS_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
const MOST_SHARDS = 1000;

/** Weights in other formats, by their usual names: the most usual first. */
const OTHER_WEIGHTS = [
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'model.pt',
  'model.pth',
  'checkpoint.pt',
  'tf_model.h5',
  'flax_model.msgpack',
] as const;

export interface CheckpointFolder {
  /** For messages. */
  name: string;
  /** A file of it. @throws where it cannot be read */
  read(file: string): Promise<Uint8Array>;
  /** Which of the files are there. */
  present(files: readonly string[]): Promise<string[]>;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * The bytes of one safetensors file. Those of shards are put together under published names, in
 * float32: the same weights give the same bytes, however they were cut.
 * @throws {PermanentError} TeacherInvalid naming the file and the remedy
 */
export async function readCheckpointWeights(
  folder: CheckpointFolder,
  config: ModelConfig,
): Promise<Uint8Array> {
  try {
    return await folder.read(WEIGHTS_FILE);
  } catch (error) {
    const [other] = await folder.present([WEIGHTS_FILE, INDEX_FILE, ...OTHER_WEIGHTS]);
    if (other === undefined || other === WEIGHTS_FILE) throw error;
    if (other === INDEX_FILE)
      return await joinedShards(folder, config, await folder.read(INDEX_FILE));
    return refuse(
      folder,
      `it has ${other}, which is not read: such files can run code when they are opened, or are ` +
        `of another framework. ${conversion(other)}`,
    );
  }
}

function conversion(file: string): string {
  if (!/\.(bin|pt|pth)$/.test(file))
    return `Load the model where it was made and save it with save_pretrained as ${WEIGHTS_FILE}`;
  return (
    `Convert it: python3 -c "import torch, safetensors.torch as s; s.save_file({k: ` +
    `v.contiguous() for k, v in torch.load('${file}', map_location='cpu', weights_only=True)` +
    `.items()}, '${WEIGHTS_FILE}')"`
  );
}

async function joinedShards(
  folder: CheckpointFolder,
  config: ModelConfig,
  index: Uint8Array,
): Promise<Uint8Array> {
  const tensors = new Map<string, WeightTensor>();
  for (const file of shardsOf(folder, index)) {
    const bytes = await folder.read(file);
    try {
      for (const [name, tensor] of decodeSafetensors(bytes)) {
        if (tensors.has(name)) return refuse(folder, `${file} holds ${name} a second time`);
        tensors.set(name, tensor);
      }
    } catch (error) {
      if (error instanceof PermanentError) throw error;
      return refuse(folder, `${file}: ${(error as Error).message}`);
    }
  }
  try {
    return encodeSafetensors(loadWeights(config, tensors));
  } catch (error) {
    return refuse(folder, (error as Error).message);
  }
}

/** Names of the shards, in order. */
function shardsOf(folder: CheckpointFolder, index: Uint8Array): string[] {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(index).toString('utf8'));
  } catch {
    return refuse(folder, `${INDEX_FILE} is not JSON`);
  }
  const parsed = indexSchema.safeParse(json);
  if (!parsed.success) return refuse(folder, `${INDEX_FILE} has no weight_map of names`);
  const files = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const unsafe = files.find((file) => !/^[\w][\w.-]*\.safetensors$/.test(file));
  if (unsafe !== undefined)
    return refuse(
      folder,
      `${INDEX_FILE} names '${unsafe.slice(0, 100)}', expected files beside it that end in ` +
        '.safetensors',
    );
  if (files.length === 0 || files.length > MOST_SHARDS)
    return refuse(folder, `${INDEX_FILE} names ${files.length} files, expected 1 to 1000`);
  return files;
}

function refuse(folder: CheckpointFolder, why: string): never {
  throw new PermanentError('TeacherInvalid', `${folder.name}: ${why}`);
}
