/**
 * Writes an ONNX file by hand: output c is the mean over the clip of wave · gain[c].
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { bytesField, integerField, message, stringField } from '../../../ced/engine/protobuf';

const float = 1;

/** Its input is [batch, samples], its output [batch, gains]. */
export function onnxBytes(
  gains: readonly number[],
  { outputs = ['scores'], isExternal = false } = {},
): Buffer {
  const node = (
    op: string,
    inputs: readonly string[],
    output: string,
    ...attributes: Buffer[]
  ): Buffer =>
    bytesField(
      1,
      message(
        ...inputs.map((name) => stringField(1, name)),
        stringField(2, output),
        stringField(4, op),
        ...attributes,
      ),
    );
  const axes = bytesField(
    5,
    message(stringField(1, 'axes'), integerField(8, 1), integerField(20, 7)),
  );
  const gain = message(
    integerField(1, 1),
    integerField(1, gains.length),
    integerField(2, float),
    stringField(8, 'gain'),
    isExternal ? integerField(14, 1) : bytesField(9, Buffer.from(Float32Array.from(gains).buffer)),
  );
  const value = (name: string, ...extents: Buffer[]): Buffer => {
    const shape = message(...extents.map((extent) => bytesField(1, extent)));
    return message(
      stringField(1, name),
      bytesField(2, bytesField(1, message(integerField(1, float), bytesField(2, shape)))),
    );
  };
  const free = (name: string): Buffer => stringField(2, name);
  const graph = message(
    node('ReduceMean', ['waveform'], 'mean', axes),
    ...outputs.map((output) => node('MatMul', ['mean', 'gain'], output)),
    stringField(2, 'means'),
    bytesField(5, gain),
    bytesField(11, value('waveform', free('batch'), free('samples'))),
    ...outputs.map((output) =>
      bytesField(12, value(output, free('batch'), integerField(1, gains.length))),
    ),
  );
  return message(
    integerField(1, 8),
    bytesField(7, graph),
    bytesField(8, message(stringField(1, ''), integerField(2, 13))),
  );
}
