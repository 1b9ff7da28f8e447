/** A network in an ONNX file, run by onnxruntime on the CPU: one waveform in, one output of it. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { fromHalf, toHalf } from '../logits/half';
import { TeacherInvalid } from './teacher-invalid';
import { waveformLayout, type StatedTensor, type TensorChoice } from './waveform-layout';
import type { WaveformNet } from './waveform-net';

/** Other types of numbers are cast. */
const FLOATS = ['float32', 'float16', 'float64'] as const;
type FloatType = (typeof FLOATS)[number];

/**
 * @param model the file, or its path where it has values beside it; not needed any more when this
 *   returns
 * @param threads of one run
 * @param choice which input and output are meant, where there are several
 * @throws TeacherInvalid when the bytes are no such model, and an error with the remedy where
 *   onnxruntime-node, which is optional, is not installed
 */
export async function loadOnnxNet(
  model: Uint8Array | string,
  threads: number,
  choice: TensorChoice = {},
): Promise<WaveformNet> {
  // Loaded when first needed: most runs have no such teacher.
  const { InferenceSession, Tensor } = await import('onnxruntime-node').catch(explained);
  let session: InferenceSession;
  try {
    const options = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3 as const,
    };
    session = await (typeof model === 'string'
      ? InferenceSession.create(model, options)
      : InferenceSession.create(model, options));
  } catch (error) {
    throw new TeacherInvalid(
      'outputShape',
      `onnxruntime cannot load it: ${(error as Error).message}`,
    );
  }
  const layout = waveformLayout(
    session.inputMetadata.map(stated),
    session.outputMetadata.map(stated),
    choice,
  );
  const { input, output } = layout;
  const type = floatType(input);
  floatType(output);
  return {
    layout,
    async run(waveform, batch, samples) {
      const dims = layout.dims(batch, samples);
      const values = type === 'float16' ? Uint16Array.from(waveform, toHalf) : waveform;
      const given =
        type === 'float64'
          ? new Tensor('float64', Float64Array.from(waveform), dims)
          : new Tensor(type, values, dims);
      const outputs = await session.run({ [input.name]: given }, [output.name]);
      const result = outputs[output.name];
      if (result === undefined) throw new Error(`it gives no ${output.name}`);
      return { values: asFloat32(result), shape: result.dims };
    },
    dispose: () => void session.release(),
  };
}

function explained(error: unknown): never {
  if (!(error as NodeJS.ErrnoException).code?.endsWith('MODULE_NOT_FOUND')) throw error;
  throw new Error('onnxruntime-node is not installed: run npx ced setup --parts onnx', {
    cause: error,
  });
}

function stated(metadata: InferenceSession.ValueMetadata): StatedTensor {
  const { name } = metadata;
  return metadata.isTensor
    ? { name, type: metadata.type, shape: metadata.shape }
    : { name, type: 'no tensor', shape: null };
}

function floatType({ name, type }: StatedTensor): FloatType {
  const found = FLOATS.find((known) => known === type);
  if (found !== undefined) return found;
  throw new TeacherInvalid('outputShape', `its ${name} is ${type}, expected ${FLOATS.join(', ')}`);
}

function asFloat32({ type, data }: Tensor): Float32Array {
  switch (type) {
    case 'float32':
    case 'float64':
      return Float32Array.from(data as Float32Array | Float64Array);
    case 'float16':
      // Bits on Node 20; numbers where there is a Float16Array.
      return data instanceof Uint16Array
        ? Float32Array.from(data, fromHalf)
        : Float32Array.from(data as unknown as Float32Array);
    default:
      throw new Error(`its output is ${type}, expected ${FLOATS.join(', ')}`);
  }
}
