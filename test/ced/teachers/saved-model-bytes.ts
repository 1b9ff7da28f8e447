/**
 * Writes a SavedModel by hand, so that the test of reading one needs neither Python nor a binary in
 * the repository: a graph of `classes` outputs where output c is the mean over the clip of wave ·
 * gain[c].
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
 */
import {
  bytesField,
  integerField,
  mapEntry,
  message,
  stringField,
} from '../../../ced/engine/protobuf';

const float = 1;
const integer = 3;

const attribute = {
  type: (type: number) => integerField(6, type),
  bool: (value: boolean) => integerField(5, value ? 1 : 0),
  shape: (...extents: number[]) => bytesField(7, shape(extents)),
  tensor: (type: number, extents: number[], content: Buffer) =>
    bytesField(
      8,
      message(integerField(1, type), bytesField(2, shape(extents)), bytesField(4, content)),
    ),
};

function shape(extents: readonly number[]): Buffer {
  return message(...extents.map((extent) => bytesField(2, integerField(1, extent))));
}

function node(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Buffer>>,
): Buffer {
  const parts = [
    stringField(1, name),
    stringField(2, op),
    ...inputs.map((input) => stringField(3, input)),
  ];
  return bytesField(
    1,
    message(
      ...parts,
      ...Object.entries(attributes).map(([key, value]) => mapEntry(5, key, bytesField(2, value))),
    ),
  );
}

function tensorInfo(name: string, extents: readonly number[]): Buffer {
  return message(stringField(1, name), integerField(2, float), bytesField(3, shape(extents)));
}

interface Additions {
  /** @default 'serving_default' */
  signature?: string;
  /** Outputs of the signature beside `scores`: names of tensors that are there. */
  outputs?: Readonly<Record<string, string>>;
  /** Fields of the graph: nodes, and functions of its library. */
  graph?: readonly Buffer[];
  /** SaverDef. */
  saver?: Buffer;
  /** Tensor that is run when the model is loaded. */
  initializer?: string;
  /** Shape of the waveform. */
  input?: readonly number[];
  /** Node of the graph whose rows are averaged. */
  clips?: string;
}

/** Its input is [samples], its output [frames, gains] of frames of `frame` samples. */
export function frameModelBytes(gains: readonly number[], frame: number): Buffer {
  const extents = Buffer.from(Int32Array.of(-1, frame).buffer);
  const framing = [
    node('extents', 'Const', [], {
      dtype: attribute.type(integer),
      value: attribute.tensor(integer, [2], extents),
    }),
    node('framed', 'Reshape', ['wave', 'extents'], {
      T: attribute.type(float),
      Tshape: attribute.type(integer),
    }),
  ];
  return savedModelBytes(gains, { graph: framing, input: [-1], clips: 'framed' });
}

/** `saved_model.pb`; its input is [batch, samples], its output [batch, gains]. */
export function savedModelBytes(
  gains: readonly number[],
  {
    signature = 'serving_default',
    outputs = {},
    graph: added = [],
    saver,
    initializer,
    input = [-1, -1],
    clips = 'wave',
  }: Additions = {},
): Buffer {
  const gain = Buffer.from(Float32Array.from(gains).buffer);
  const axis = Buffer.from(Int32Array.of(1).buffer);
  const graph = message(
    node('wave', 'Placeholder', [], {
      dtype: attribute.type(float),
      shape: attribute.shape(...input),
    }),
    node('axis', 'Const', [], {
      dtype: attribute.type(integer),
      value: attribute.tensor(integer, [], axis),
    }),
    node('gain', 'Const', [], {
      dtype: attribute.type(float),
      value: attribute.tensor(float, [1, gains.length], gain),
    }),
    node('mean', 'Mean', [clips, 'axis'], {
      T: attribute.type(float),
      Tidx: attribute.type(integer),
      keep_dims: attribute.bool(true),
    }),
    node('scores', 'MatMul', ['mean', 'gain'], { T: attribute.type(float) }),
    ...added,
    bytesField(4, integerField(1, 1087)),
  );
  const signatureDef = message(
    mapEntry(1, 'waveform', bytesField(2, tensorInfo('wave:0', input))),
    mapEntry(2, 'scores', bytesField(2, tensorInfo('scores:0', [-1, gains.length]))),
    ...Object.entries(outputs).map(([name, tensor]) =>
      mapEntry(2, name, bytesField(2, tensorInfo(tensor, [-1, 1]))),
    ),
    stringField(3, 'tensorflow/serving/predict'),
  );
  const initialization = bytesField(
    2,
    mapEntry(2, 'init', bytesField(2, tensorInfo(initializer ?? '', []))),
  );
  const metaGraph = message(
    bytesField(1, stringField(4, 'serve')),
    bytesField(2, graph),
    ...(saver ? [bytesField(3, saver)] : []),
    mapEntry(5, signature, bytesField(2, signatureDef)),
    ...(initializer === undefined ? [] : [mapEntry(5, '__saved_model_init_op', initialization)]),
  );
  return message(integerField(1, 1), bytesField(2, metaGraph));
}
