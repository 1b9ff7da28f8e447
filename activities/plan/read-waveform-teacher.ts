/**
 * A run file's ONNX or SavedModel teacher: read, looked into and, in ONNX, tried, before anything
 * is spent on the run.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { FormatInvalid } from '../../ced/format-invalid';
import { foreignWeights } from '../../ced/model/foreign-weights';
import { classMap } from '../../ced/teachers/class-map';
import { onnxParameterCount } from '../../ced/teachers/onnx-file';
import { savedModelSignature } from '../../ced/teachers/saved-model-net';
import { parseVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import type { Teacher } from '../../workflows/contract/run-file-sections';
import type { ProbedTeacher } from '../../ced/teachers/waveform-probe';
import { readApart } from '../../storage/reader/read-apart';
import {
  onnxFile,
  savedModelFile,
  type WaveformDeclaration,
} from '../../storage/models/waveform-folder';
import type { MappedClasses } from './read-checkpoint';
import {
  placeWithin,
  readInput,
  readModelFile,
  readModelFileIfPresent,
  type InputPlace,
} from './read-input';
import { isUri } from '../../ced/corpus/address';

/** A web server lists no folder: what TensorFlow writes of a model without assets. */
const UNLISTED = ['variables/variables.index', 'variables/variables.data-00000-of-00001'];

/** Processor time for four clips. One that needs more is stored and told, not refused. */
const PROBE_SECONDS = 15;

export type WaveformTeacher = Exclude<Teacher, { format: 'ced' }>;

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
  const { format, output, outputName } = teacher;
  const own = await readClasses(input, `${field}.vocabulary`, teacher.vocabulary);
  const path = placeWithin(input.root, teacher.checkpoint);
  const files = await (format === 'onnx' ? readOnnx : readSavedModel)(
    input,
    `${field}.checkpoint`,
    teacher.checkpoint,
  );
  try {
    const map = classMap(own, vocabulary, teacher.missing);
    const named = outputName === undefined ? {} : { outputName };
    const model = { output, classes: own.length, ...named, chunkSeconds };
    const { parameters, notes } =
      format === 'onnx'
        ? await lookIntoOnnx(files.get(onnxFile) ?? new Uint8Array(), model, input)
        : { parameters: savedModelParameters(files, outputName), notes: [] };
    return {
      declared: { format, output, ...named, vocabulary: own, parameters },
      files,
      classMap: map,
      notes: notes.map((note) => `${field}: ${note}`),
    };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code !== 'TeacherInvalid' && !(error instanceof RangeError)) throw error;
    throw new PermanentError('TeacherInvalid', `${field}.checkpoint: ${path}: ${message}`, {
      cause: error,
    });
  }
}

/** In a process of its own: onnxruntime parses the file in native code. */
async function lookIntoOnnx(
  bytes: Uint8Array,
  model: ProbedTeacher,
  { sources }: InputPlace,
): Promise<{ parameters: number; notes: string[] }> {
  const foreign = foreignWeights(bytes, 'an ONNX model');
  if (foreign !== null) throw new RangeError(foreign);
  const parameters = onnxParameterCount(bytes);
  const folder = await mkdtemp(join(tmpdir(), 'ced-probe-'));
  try {
    const path = join(folder, onnxFile);
    await writeFile(path, bytes);
    const { value: notes } = await readApart('onnxProbe', path, 'teacher', {
      processorSeconds: PROBE_SECONDS,
      question: model,
      ...(sources?.retry ? { retry: sources.retry } : {}),
    });
    return { parameters, notes };
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    if (error.detail.includes('took more than'))
      return { parameters, notes: [`four clips took it more than ${PROBE_SECONDS} s`] };
    throw new RangeError(error.detail.replaceAll(`${join(folder, onnxFile)}: `, ''), {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
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
function savedModelParameters(
  files: ReadonlyMap<string, Uint8Array>,
  outputName: string | undefined,
): number {
  savedModelSignature(files.get(savedModelFile) ?? new Uint8Array(), outputName);
  return [...files].reduce(
    (sum, [path, bytes]) =>
      sum + (path.startsWith('variables/variables.data-') ? Math.floor(bytes.byteLength / 4) : 0),
    0,
  );
}
