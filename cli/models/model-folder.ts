/**
 * Reads a CED checkpoint from a folder with `model.safetensors` and `config.json`, as published or
 * from a store.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { thresholdsSchema, type Thresholds } from '../../ced/metrics/thresholds';
import type { ModelConfig } from '../../ced/model/config';
import { schemaProblems } from '../../workflows/contract/schema-problems';
import { readCheckpointWeights } from '../../storage/models/checkpoint-weights';
import { parseConfig, parseModel, type LoadedModel } from '../../storage/models/model-folder';
import { irregularFile } from '../../storage/sources/irregular-file';
import { UsageError } from '../../infra/command-line/usage-error';
import { checkpointFolder, runsNear } from './named-model';

/**
 * @param named as `modelOption` says
 * @throws {UsageError} and {PermanentError} that name the folder
 */
export async function readModelFolder(named: string): Promise<LoadedModel> {
  return await readCheckpoint(await checkpointFolder(named));
}

export interface TaggingModel extends LoadedModel {
  /** Those beside its weights; null where there are none. */
  readonly thresholds: Thresholds | null;
}

/**
 * A model and its thresholds, of one look-up: a run that publishes meanwhile changes what its name
 * means.
 * @param named as `modelOption` says
 * @throws as `readModelFolder` and `readFolderThresholds`
 */
export async function readTaggingModel(named: string): Promise<TaggingModel> {
  const folder = await checkpointFolder(named);
  const model = await readCheckpoint(folder);
  const thresholds = await readFolderThresholds(folder);
  if (thresholds !== null) refuseOthers(thresholds, model.config, join(folder, 'thresholds.json'));
  return { ...model, thresholds };
}

/** Thresholds belong to outputs by their place. @throws {UsageError} */
function refuseOthers({ classes }: Thresholds, config: ModelConfig, file: string): void {
  const { outputdim, id2label } = config;
  if (classes.length !== outputdim)
    throw new UsageError(
      `${file} is of ${classes.length} classes, and the model has ${outputdim}; remove it, or ` +
        'put back the one that belongs to the weights',
    );
  const other = classes.findIndex(({ name }, at) => name !== (id2label?.[at] ?? name));
  if (other >= 0)
    throw new UsageError(
      `${file} is of other classes: number ${other} is ${classes[other]!.name}, and of the model ` +
        `${id2label![other]}; remove it, or put back the one that belongs to the weights`,
    );
}

async function readCheckpoint(folder: string): Promise<LoadedModel> {
  const config = (await part(folder, 'config.json')).toString('utf8');
  const json = jsonOf(config, join(folder, 'config.json'));
  const files = {
    name: folder,
    read: (file: string) => part(folder, file),
    present: (names: readonly string[]) =>
      Promise.resolve(names.filter((name) => existsSync(join(folder, name)))),
  };
  const weights = await readCheckpointWeights(files, parseConfig(json, folder));
  return parseModel(json, weights, folder);
}

/**
 * The thresholds beside a model's weights, null where there are none.
 * @param folder of the checkpoint
 * @throws {UsageError} that names the file and what is wrong with it
 */
export async function readFolderThresholds(folder: string): Promise<Thresholds | null> {
  const file = join(folder, 'thresholds.json');
  await refuseIrregular(file);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new UsageError(`${file} cannot be read (${error.code})`);
  });
  return text === null ? null : parsedThresholds(text, file);
}

function parsedThresholds(text: string, file: string): Thresholds {
  const parsed = thresholdsSchema.safeParse(jsonOf(text, file));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file}: ${schemaProblems(parsed.error, 'thresholds.json')[0]}`);
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
}

async function part(folder: string, file: string): Promise<Buffer> {
  await refuseIrregular(join(folder, file));
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const near = existsSync(join(folder, 'model.safetensors')) ? [] : await runsNear(folder);
    throw new UsageError(
      `${join(folder, file)} cannot be read (${code}): ` +
        'expected a folder with model.safetensors and config.json' +
        (near.length > 0 ? `, or a run: ${near.join(', ')}` : ''),
    );
  }
}

async function refuseIrregular(path: string): Promise<void> {
  const other = await irregularFile(path);
  if (other) throw new UsageError(`${path} is ${other.what}; ${other.remedy}`);
}
