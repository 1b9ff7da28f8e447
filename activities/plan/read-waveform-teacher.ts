/**
 * A run file's ONNX or SavedModel teacher: read, looked into and, in ONNX, tried, before anything
 * is spent on the run.
 */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { classMap } from '../../ced/teachers/class-map';
import { parseVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import { savedModelFile, type WaveformDeclaration } from '../../storage/models/waveform-folder';
import type { MappedClasses } from './read-checkpoint';
import {
  placeWithin,
  readInput,
  readModelFile,
  readModelFileIfPresent,
  type InputPlace,
} from './read-input';
import { lookIntoOnnx, lookIntoSavedModel, type WaveformTeacher } from './look-into-network';
import { readOnnx } from './read-onnx';
import { isUri } from '../../ced/corpus/address';

/** A web server lists no folder: what TensorFlow writes of a model without assets. */
const UNLISTED = ['variables/variables.index', 'variables/variables.data-00000-of-00001'];

/** A teacher that was read and tried, as the store keeps it. */
export interface ReadWaveformTeacher {
  declared: WaveformDeclaration;
  files: ReadonlyMap<string, Uint8Array>;
  /** What is adapted, a sentence each. */
  notes: string[];
}

/**
 * @param chunkSeconds length of the clips that it is tried with
 * @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what
 *   they hold
 */
export async function readWaveformTeacher(
  input: InputPlace,
  vocabulary: Vocabulary,
  field: string,
  teacher: WaveformTeacher,
  chunkSeconds: number,
): Promise<ReadWaveformTeacher & MappedClasses> {
  const { format } = teacher;
  const own = await readClasses(input, `${field}.vocabulary`, teacher.vocabulary);
  const path = placeWithin(input.root, teacher.checkpoint);
  try {
    const files = await (format === 'onnx' ? readOnnx : readSavedModel)(
      input,
      `${field}.checkpoint`,
      teacher.checkpoint,
    );
    const map = classMap(own, vocabulary, teacher.missing);
    const look = format === 'onnx' ? lookIntoOnnx : lookIntoSavedModel;
    const { declared, notes } = await look(files, { teacher, own, chunkSeconds }, input);
    return { declared, files, classMap: map, notes: notes.map((note) => `${field}: ${note}`) };
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
