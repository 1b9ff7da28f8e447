/**
 * A network in an ONNX file, run by onnxruntime on the CPU: one input float32 [batch, samples], one
 * output.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { protobufFields, protobufIntegers, protobufMessage } from '../engine/protobuf-reader';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformNet } from './waveform-net';

/** TensorProto.DataLocation. */
const EXTERNAL = 1;

/** @param threads of one run. @throws TeacherInvalid when the bytes are no such model */
export async function loadOnnxNet(bytes: Uint8Array, threads: number): Promise<WaveformNet> {
  // Loaded when first needed: most runs have no such teacher.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new TeacherInvalid(
      'outputShape',
      `onnxruntime cannot load it: ${(error as Error).message}`,
    );
  }
  const [[input, ...otherInputs], [output, ...otherOutputs]] = [
    session.inputNames,
    session.outputNames,
  ];
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0)
    throw new TeacherInvalid(
      'outputShape',
      `it takes ${session.inputNames.join(', ')} and gives ${session.outputNames.join(', ')}, expected one waveform [batch, samples] in and one [batch, classes] out`,
    );
  return {
    async run(waveform, batch, samples) {
      const outputs = await session.run({
        [input]: new Tensor('float32', waveform, [batch, samples]),
      });
      const result = outputs[output];
      if (result?.type !== 'float32')
        throw new Error(`its output is ${result?.type}, expected float32`);
      return { values: Float32Array.from(result.data as Float32Array), shape: result.dims };
    },
    dispose: () => void session.release(),
  };
}

/**
 * How many numbers the file's initializers hold. (ONNX: ModelProto.graph = 7,
 * GraphProto.initializer = 5, TensorProto.dims = 1, data_location = 14.)
 * @throws RangeError for other bytes, and for a model that keeps its weights beside it
 */
export function onnxParameterCount(bytes: Uint8Array): number {
  const graph = protobufMessage(bytes, 7);
  if (graph.length === 0) throw new RangeError('it is no ONNX model: it has no graph');
  let count = 0;
  for (const { field, bytes: initializer } of protobufFields(graph)) {
    if (field !== 5) continue;
    if (protobufIntegers(initializer, 14).includes(EXTERNAL))
      throw new RangeError(
        'it keeps its weights in another file (external data); save it as one file',
      );
    count += protobufIntegers(initializer, 1).reduce((product, extent) => product * extent, 1);
  }
  return count;
}
