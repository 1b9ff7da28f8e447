/**
 * A network in an ONNX file, run by onnxruntime on the CPU: one input float32 [batch, samples], one
 * output.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformNet } from './waveform-net';

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
      `it takes ${session.inputNames.join(', ')} and gives ` +
        `${session.outputNames.join(', ')}, expected one waveform [batch, samples] in and one ` +
        '[batch, classes] out',
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
