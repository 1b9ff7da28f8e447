/**
 * A run file's ONNX or SavedModel teacher: read, looked into and copied to the store, before
 * any prediction.
 */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { classMap } from '../../ced/teachers/class-map';
import { onnxParameterCount } from '../../ced/teachers/onnx-file';
import { savedModelSignature } from '../../ced/teachers/saved-model-net';
import { parseVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import type { Teacher } from '../../workflows/contract/run-file-sections';
import type { Store } from '../../storage/store';
import { onnxFile, savedModelFile, storeWaveformModel } from '../../storage/models/waveform-folder';
import {
  placeWithin,
  readInput,
  readModelFile,
  readModelFileIfPresent,
  type InputPlace,
} from './read-input';
import type { ModelReference } from '../../workflows/contract/models';
import { isUri } from '../../ced/corpus/address';

/** A web server lists no folder: what TensorFlow writes of a model without assets. */
const UNLISTED = ['variables/variables.index', 'variables/variables.data-00000-of-00001'];

export type WaveformTeacher = Exclude<Teacher, { format: 'ced' }>;

/**
 * @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what
 *   they hold
 */
export async function importWaveformTeacher(
  input: InputPlace,
  store: Store,
  vocabulary: Vocabulary,
  field: string,
  teacher: WaveformTeacher,
): Promise<ModelReference> {
  const { format, output, name } = teacher;
  const own = await readClasses(input, `${field}.vocabulary`, teacher.vocabulary);
  const path = placeWithin(input.root, teacher.checkpoint);
  const files = await (format === 'onnx' ? readOnnx : readSavedModel)(
    input,
    `${field}.checkpoint`,
    teacher.checkpoint,
  );
  try {
    classMap(own, vocabulary);
    const parameters =
      format === 'onnx'
        ? onnxParameterCount(files.get(onnxFile) ?? new Uint8Array())
        : savedModelParameters(files);
    return {
      name,
      sha256: await storeWaveformModel(
        store,
        { format, output, vocabulary: own, parameters },
        files,
      ),
      parameters,
    };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code !== 'TeacherInvalid' && !(error instanceof RangeError)) throw error;
    throw new PermanentError('TeacherInvalid', `${field}.checkpoint: ${path}: ${message}`, {
      cause: error,
    });
  }
}

async function readClasses(input: InputPlace, field: string, path: string): Promise<Vocabulary> {
  const text = await readInput(
    input,
    field,
    path,
    "a CSV in AudioSet's columns index,mid,display_name",
  );
  try {
    return parseVocabularyCsv(text);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readOnnx(
  input: InputPlace,
  field: string,
  path: string,
): Promise<Map<string, Uint8Array>> {
  return new Map([[onnxFile, await readModelFile(input, field, path, 'an ONNX file')]]);
}

async function readSavedModel(
  input: InputPlace,
  field: string,
  path: string,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>([
    [
      savedModelFile,
      await readModelFile(
        input,
        field,
        path,
        'a SavedModel folder with saved_model.pb',
        savedModelFile,
      ),
    ],
  ]);
  if (isUri(path)) {
    for (const file of UNLISTED) {
      const bytes = await readModelFileIfPresent(input, field, path, file);
      if (bytes) files.set(file, bytes);
    }
    return files;
  }
  const folder = placeWithin(input.root, path);
  for (const part of ['variables', 'assets']) {
    const entries = await readdir(join(folder, part), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries.filter((each) => each.isFile())) {
      const file = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
      files.set(file, await readModelFile(input, field, path, 'a file of the SavedModel', file));
    }
  }
  return files;
}

/**
 * The variables' bytes as float32; looks at the signature on the way, so that a folder without one
 * is refused here.
 */
function savedModelParameters(files: ReadonlyMap<string, Uint8Array>): number {
  savedModelSignature(files.get(savedModelFile) ?? new Uint8Array());
  return [...files].reduce(
    (sum, [path, bytes]) =>
      sum + (path.startsWith('variables/variables.data-') ? Math.floor(bytes.byteLength / 4) : 0),
    0,
  );
}
