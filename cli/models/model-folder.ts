/**
 * Reads a CED checkpoint from a folder with `model.safetensors` and `config.json`, as published or
 * from a store.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseModel, type LoadedModel } from '../../storage/models/model-folder';
import { UsageError } from '../../infra/command-line/usage-error';

/** @throws {UsageError} and {PermanentError} that name the folder */
export async function readModelFolder(folder: string): Promise<LoadedModel> {
  const config = (await part(folder, 'config.json')).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(config);
  } catch {
    throw new UsageError(`${join(folder, 'config.json')} is not JSON`);
  }
  return parseModel(json, await part(folder, 'model.safetensors'), folder);
}

async function part(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${join(folder, file)} cannot be read (${code}): ` +
        'expected a folder with model.safetensors and config.json',
    );
  }
}
