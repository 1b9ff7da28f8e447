/** An ONNX file, and the files beside it that hold values of it. */
import { realpath } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { isUri } from '../../ced/corpus/address';
import { foreignWeights } from '../../ced/model/foreign-weights';
import { onnxExternalFiles } from '../../ced/teachers/onnx-file';
import { externalFile, onnxFile } from '../../storage/models/waveform-folder';
import { placeWithin, readModelFile, type InputPlace } from './read-input';

/** Of all its files: one ONNX file may be as large. */
const LARGEST_BYTES = 2 ** 31;

/**
 * @throws {PermanentError} RunFileInvalid for files that cannot be read
 * @throws RangeError for what they hold
 */
export async function readOnnx(
  input: InputPlace,
  field: string,
  path: string,
): Promise<Map<string, Uint8Array>> {
  const bytes = await readModelFile(input, field, path, 'an ONNX file');
  const foreign = foreignWeights(bytes, 'an ONNX model');
  if (foreign !== null) throw new RangeError(foreign);
  const files = new Map<string, Uint8Array>([[onnxFile, bytes]]);
  const folder = folderOf(path);
  let left = LARGEST_BYTES - bytes.byteLength;
  for (const [name, end] of onnxExternalFiles(bytes)) {
    await requireBeside(input, path, name);
    const expected = `the external data of ${path}`;
    const data = await readModelFile(input, field, folder, expected, name, left);
    if (data.byteLength < end)
      throw new RangeError(`its ${name} has ${data.byteLength} bytes, and its tensors ${end}`);
    left -= data.byteLength;
    files.set(externalFile(name), data);
  }
  return files;
}

function folderOf(path: string): string {
  return isUri(path) ? path.slice(0, path.lastIndexOf('/')) : dirname(path);
}

/** A link may lead out of a folder that a plain name stays in; both may lie in a hub's cache. */
async function requireBeside({ root }: InputPlace, path: string, name: string): Promise<void> {
  if (isUri(path) || isUri(root)) return;
  const model = placeWithin(root, path);
  const file = await realpath(placeWithin(root, folderOf(path), name)).catch(() => null);
  // A file that is not there is refused when it is read.
  if (file === null) return;
  const folders = [await realpath(dirname(model)), dirname(await realpath(model))];
  const isWithin = (folder: string): boolean =>
    !relative(folder, file).split(sep).includes('..') && !relative(folder, file).startsWith(sep);
  if (!folders.some(isWithin))
    throw new RangeError(`its ${name} is a link to another folder than its own`);
}
