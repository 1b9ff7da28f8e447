/**
 * Writes an ONNX file by hand: output c is the mean over the clip of wave · gain[c].
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { bytesField, integerField, message, stringField } from '../../../ced/engine/protobuf';

export const float = 1;

const bool = 9;
const int64 = 7;

/** Field 1 of a graph. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  ...attributes: Buffer[]
): Buffer {
  return bytesField(
    1,
    message(
      ...inputs.map((name) => stringField(1, name)),
      ...[outputs].flat().map((name) => stringField(2, name)),
      stringField(4, op),
      ...attributes,
    ),
  );
}

export function value(name: string, type: number, ...extents: Buffer[]): Buffer {
  const shape = message(...extents.map((extent) => bytesField(1, extent)));
  return message(
    stringField(1, name),
    bytesField(2, bytesField(1, message(integerField(1, type), bytesField(2, shape)))),
  );
}

export const free = (name: string): Buffer => stringField(2, name);
export const extentOf = (extent: string | number): Buffer =>
  typeof extent === 'number' ? integerField(1, extent) : free(extent);

const noMetadata: Readonly<Record<string, string>> = {};

/** What a file beside the model holds. */
export const bytesOf = (gains: readonly number[]): Buffer =>
  Buffer.from(Float32Array.from(gains).buffer);

/** Fields of a tensor. */
export const externalData = (entries: Readonly<Record<string, string>>): Buffer[] => [
  ...Object.entries(entries).map(([key, text]) =>
    bytesField(13, message(stringField(1, key), stringField(2, text))),
  ),
  integerField(14, 1),
];

/** Hands `mean` on, in a loop whose condition stays true. */
function endlessLoop(): Buffer[] {
  const body = message(
    node('Identity', ['condition'], 'goes on'),
    node('Identity', ['carried'], 'carried on'),
    stringField(2, 'body'),
    bytesField(11, value('iteration', int64)),
    bytesField(11, value('condition', bool)),
    bytesField(11, value('carried', float, free('batch'), integerField(1, 1))),
    bytesField(12, value('goes on', bool)),
    bytesField(12, value('carried on', float, free('batch'), integerField(1, 1))),
  );
  const attribute = message(stringField(1, 'body'), bytesField(6, body), integerField(20, 5));
  const yes = message(
    integerField(2, bool),
    stringField(8, 'yes'),
    bytesField(9, Buffer.from([1])),
  );
  return [
    node('Loop', ['', 'yes', 'mean'], 'looped', bytesField(5, attribute)),
    bytesField(5, yes),
  ];
}

export const intConstant = (name: string, value: number): Buffer =>
  bytesField(5, message(integerField(2, int64), integerField(7, value), stringField(8, name)));

/** `raw` of clips that have so many samples; of shorter ones zeros, or NaN. */
function ofLongClips(shortest: number, isNaN: boolean, output: string): Buffer[] {
  const toFloat = message(stringField(1, 'to'), integerField(3, float), integerField(20, 2));
  return [
    node('Shape', ['waveform'], 'shape'),
    intConstant('last', -1),
    node('Gather', ['shape', 'last'], 'samples'),
    intConstant('shortest', shortest),
    node('GreaterOrEqual', ['samples', 'shortest'], 'is long'),
    node('Cast', ['is long'], 'one', bytesField(5, toFloat)),
    node('Mul', ['raw', 'one'], isNaN ? 'masked' : output),
    ...(isNaN ? [node('Div', ['masked', 'one'], output)] : []),
  ];
}

/**
 * Its output is [batch, gains].
 * @param shortest samples of the clips that it has an output for; `isNaN`: NaN for shorter ones
 *   instead of zeros
 * @param isExternal its gains lie in a file without a name; `external`: in one of these entries
 * @param isEndless never gives any
 * @param input extents of its input, as the file states them
 */
export function onnxBytes(
  gains: readonly number[],
  {
    outputs = ['scores'],
    isExternal = false,
    external = undefined as Readonly<Record<string, string>> | undefined,
    isEndless = false,
    shortest = 0,
    isNaN = false,
    input = ['batch', 'samples'] as readonly (string | number)[],
    metadata = noMetadata,
  } = {},
): Buffer {
  const axes = bytesField(
    5,
    message(stringField(1, 'axes'), integerField(8, 1), integerField(20, 7)),
  );
  const gain = message(
    integerField(1, 1),
    integerField(1, gains.length),
    integerField(2, float),
    stringField(8, 'gain'),
    ...(isExternal
      ? [integerField(14, 1)]
      : external
        ? externalData(external)
        : [bytesField(9, bytesOf(gains))]),
  );
  const graph = message(
    node('ReduceMean', ['waveform'], 'mean', axes),
    ...(isEndless ? endlessLoop() : []),
    ...outputs.map((output) =>
      node('MatMul', [isEndless ? 'looped' : 'mean', 'gain'], shortest > 0 ? 'raw' : output),
    ),
    ...(shortest > 0 ? ofLongClips(shortest, isNaN, outputs[0]!) : []),
    stringField(2, 'means'),
    bytesField(5, gain),
    bytesField(11, value('waveform', float, ...input.map(extentOf))),
    ...outputs.map((output) =>
      bytesField(12, value(output, float, free('batch'), integerField(1, gains.length))),
    ),
  );
  return message(
    integerField(1, 8),
    bytesField(7, graph),
    bytesField(8, message(stringField(1, ''), integerField(2, 13))),
    ...Object.entries(metadata).map(([key, text]) =>
      bytesField(14, message(stringField(1, key), stringField(2, text))),
    ),
  );
}
