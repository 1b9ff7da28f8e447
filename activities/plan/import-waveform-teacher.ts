/** A run file's ONNX or SavedModel teacher: read, looked into and copied to the store, before anything is heard. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { classMap } from '../../ced/teachers/class-map';
import { onnxParameterCount } from '../../ced/teachers/onnx-net';
import { savedModelSignature } from '../../ced/teachers/saved-model-net';
import { parseVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import type { ModelReference } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { Teacher } from '../../workflows/contract/run-file';
import type { Store } from '../storage/store';
import { onnxFile, savedModelFile, storeWaveformModel } from '../waveform-folder';

export type WaveformTeacher = Exclude<Teacher, { format: 'ced' }>;

/** @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what they hold */
export async function importWaveformTeacher(
  root: string,
  store: Store,
  vocabulary: Vocabulary,
  field: string,
  teacher: WaveformTeacher,
): Promise<ModelReference> {
  const { format, output, name } = teacher;
  const own = await readClasses(root, `${field}.vocabulary`, teacher.vocabulary);
  const path = resolve(root, teacher.checkpoint);
  const files = format === 'onnx' ? await readOnnx(`${field}.checkpoint`, path) : await readSavedModel(`${field}.checkpoint`, path);
  try {
    classMap(own, vocabulary);
    const parameters = format === 'onnx' ? onnxParameterCount(files.get(onnxFile) ?? new Uint8Array()) : savedModelParameters(files);
    return { name, sha256: await storeWaveformModel(store, { format, output, vocabulary: own, parameters }, files), parameters };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code !== 'TeacherInvalid' && !(error instanceof RangeError)) throw error;
    throw new PermanentError('TeacherInvalid', `${field}.checkpoint: ${path}: ${message}`, { cause: error });
  }
}

async function readClasses(root: string, field: string, path: string): Promise<Vocabulary> {
  const text = (await readPart(field, resolve(root, path), "a CSV in AudioSet's columns index,mid,display_name")).toString('utf8');
  try {
    return parseVocabularyCsv(text);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function readOnnx(field: string, path: string): Promise<Map<string, Uint8Array>> {
  return new Map([[onnxFile, await readPart(field, path, 'an ONNX file')]]);
}

async function readSavedModel(field: string, folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>([
    [savedModelFile, await readPart(field, join(folder, savedModelFile), 'a SavedModel folder with saved_model.pb')],
  ]);
  for (const part of ['variables', 'assets']) {
    const entries = await readdir(join(folder, part), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.set(relative(folder, path).split(sep).join('/'), await readPart(field, path, 'a file of the SavedModel'));
    }
  }
  return files;
}

/** The variables' bytes as float32; looks at the signature on the way, so that a folder without one is refused here. */
function savedModelParameters(files: ReadonlyMap<string, Uint8Array>): number {
  savedModelSignature(files.get(savedModelFile) ?? new Uint8Array());
  return [...files].reduce(
    (sum, [path, bytes]) => sum + (path.startsWith('variables/variables.data-') ? Math.floor(bytes.byteLength / 4) : 0),
    0,
  );
}

async function readPart(field: string, path: string, expected: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new PermanentError(
      'RunFileInvalid',
      `${field}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}), expected ${expected}`,
      { cause: error },
    );
  }
}
