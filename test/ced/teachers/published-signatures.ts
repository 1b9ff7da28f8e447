/**
 * ONNX files with the inputs and outputs of published networks, and arithmetic of a few lines: a
 * class is the mean of a frame or clip times its gain.
 */
import { bytesField, integerField, message, stringField } from '../../../ced/engine/protobuf';
import { extentOf, float, intConstant, node, value } from './onnx-bytes';

const int64 = 7;
/** Samples of a frame of YAMNet, 0.975 s. */
export const FRAME = 15_600;

const ints = (name: string, ...values: number[]): Buffer =>
  bytesField(
    5,
    message(
      integerField(1, values.length),
      integerField(2, int64),
      ...values.map((each) => integerField(7, each)),
      stringField(8, name),
    ),
  );
const floats = (name: string, values: readonly number[]): Buffer =>
  bytesField(
    5,
    message(
      integerField(1, 1),
      integerField(1, values.length),
      integerField(2, float),
      stringField(8, name),
      bytesField(9, Buffer.from(Float32Array.from(values).buffer)),
    ),
  );

function model(graph: Buffer): Buffer {
  return message(
    integerField(1, 8),
    bytesField(7, graph),
    bytesField(8, message(stringField(1, ''), integerField(2, 13))),
  );
}

/**
 * YAMNet: [samples] in; scores [frames, classes], embeddings [frames, 2] and a log-mel out. It has
 * no frame of clips shorter than one.
 */
export function yamnetLike(gains: readonly number[]): Buffer {
  const outputs = { scores: gains.length, embeddings: 2, log_mel: 1 };
  const keep = message(stringField(1, 'axes'), integerField(8, 1), integerField(20, 7));
  return model(
    message(
      intConstant('frame', FRAME),
      ints('zero', 0),
      ints('frames of', -1, FRAME),
      floats('gains', gains),
      floats('two', [1, 2]),
      node('Shape', ['waveform'], 'samples'),
      node('Div', ['samples', 'frame'], 'count'),
      node('Mul', ['count', 'frame'], 'whole'),
      node('Slice', ['waveform', 'zero', 'whole'], 'cut'),
      node('Reshape', ['cut', 'frames of'], 'framed'),
      node('ReduceMean', ['framed'], 'log_mel', bytesField(5, keep)),
      node('MatMul', ['log_mel', 'gains'], 'scores'),
      node('MatMul', ['log_mel', 'two'], 'embeddings'),
      stringField(2, 'yamnet'),
      bytesField(11, value('waveform', float, extentOf('samples'))),
      ...Object.entries(outputs).map(([name, extent]) =>
        bytesField(12, value(name, float, extentOf('frames'), extentOf(extent))),
      ),
    ),
  );
}

/** PANNs: [batch, samples] in; clipwise_output [batch, classes] and embedding [batch, 2] out. */
export function pannsLike(gains: readonly number[]): Buffer {
  const axes = message(stringField(1, 'axes'), integerField(8, 1), integerField(20, 7));
  return model(
    message(
      floats('gains', gains),
      floats('two', [1, 2]),
      node('ReduceMean', ['waveform'], 'mean', bytesField(5, axes)),
      node('MatMul', ['mean', 'gains'], 'clipwise_output'),
      node('MatMul', ['mean', 'two'], 'embedding'),
      stringField(2, 'panns'),
      bytesField(11, value('waveform', float, extentOf('batch'), extentOf('samples'))),
      bytesField(12, value('embedding', float, extentOf('batch'), extentOf(2))),
      bytesField(12, value('clipwise_output', float, extentOf('batch'), extentOf(gains.length))),
    ),
  );
}
