import { bytesField, integerField, message } from '../../../ced/engine/protobuf';
import { onnxExternalFiles, onnxParameterCount } from '../../../ced/teachers/onnx-file';
import { externalData, onnxBytes } from './onnx-bytes';

const gains = [0.25, -0.5, 4];
const good = onnxBytes(gains);

/** TensorProto with two values that lie in another file. */
const byLocation = message(integerField(1, 2), integerField(14, 1));
const byPlace = message(integerField(1, 2), bytesField(13, Buffer.from('where')));
/** Readers that take the last 32 bits see a 1. */
const byLargeLocation = message(integerField(1, 2), integerField(14, 2 ** 32 + 1));

/** Puts a message into another as these fields, innermost last. */
const within = (fields: readonly number[], content: Buffer): Buffer =>
  fields.reduceRight((inner, field) => bytesField(field, inner), content);

const graph = 7;
const node = 1;
const attribute = 5;
const [attributeTensor, attributeGraph, attributeTensors, attributeGraphs] = [5, 6, 10, 11];
const [attributeSparse, attributeSparses] = [22, 23];
const initializer = 5;
const sparseInitializer = 15;
const branch = [graph, node, attribute, attributeGraph];

describe('the numbers of an ONNX file', () => {
  it.each([
    ['the graph', [graph, initializer]],
    ['a sparse initializer', [graph, sparseInitializer, 1]],
    ['a constant', [graph, node, attribute, attributeTensor]],
    ['a list of constants', [graph, node, attribute, attributeTensors]],
    ['a sparse constant', [graph, node, attribute, attributeSparse, 2]],
    ['a list of sparse constants', [graph, node, attribute, attributeSparses, 1]],
    ['a branch', [...branch, initializer]],
    ['a list of branches', [graph, node, attribute, attributeGraphs, initializer]],
    ['a branch of a branch', [...branch, node, attribute, attributeGraph, initializer]],
    ['a constant of a branch', [...branch, node, attribute, attributeTensor]],
    ['a function', [25, 7, attribute, attributeTensor]],
    ['a default of a function', [25, 11, attributeTensor]],
    ['what would train it', [20, 2, initializer]],
  ])('are refused when those of %s lie in another file', (_, fields) => {
    for (const tensor of [byLocation, byPlace, byLargeLocation])
      // A field that is given twice is joined by some readers, and read last by others.
      for (const file of [
        message(good, within(fields, tensor)),
        message(within(fields, tensor), good),
      ])
        expect(() => onnxParameterCount(file)).toThrow(/external data/);
  });

  const initializerOf = (entries: Record<string, string>): Buffer =>
    within([graph, initializer], message(integerField(1, 2), ...externalData(entries)));

  it('may lie in files beside it, where they are those of initializers', () => {
    const file = message(
      good,
      initializerOf({ location: 'net.onnx.data', offset: '8', length: '4' }),
      initializerOf({ location: 'net.onnx.data', offset: '0', length: '8' }),
      initializerOf({ location: 'more.bin' }),
    );
    expect([...onnxExternalFiles(file)]).toEqual([
      ['net.onnx.data', 12],
      ['more.bin', 0],
    ]);
    expect(onnxParameterCount(file, 12)).toBe(gains.length + 6);
    expect([...onnxExternalFiles(good)]).toEqual([]);
  });

  it.each([
    '../up',
    'folder/name',
    '/etc/passwd',
    '.',
    '..',
    '',
    'C:name',
    'back\\slash',
    'no\0thing',
    'model.onnx',
    'x'.repeat(201),
  ])('are refused in a file named %j', (location) => {
    expect(() => onnxExternalFiles(initializerOf({ location }))).toThrow(
      /external data.*is no name of a file beside it$/,
    );
  });

  it.each<[string, Buffer[]]>([
    ['has two names', [...externalData({ location: 'a' }), ...externalData({ location: 'b' })]],
    ['lies in the file and beside it', [...externalData({ location: 'a' }), integerField(14, 0)]],
    ['has no length', externalData({ location: 'a', length: '-1' })],
    ['ends nowhere', externalData({ location: 'a', length: '9007199254740991', offset: '1' })],
  ])('are refused where their place %s', (_what, fields) => {
    const file = within([graph, initializer], message(integerField(1, 2), ...fields));
    expect(() => onnxExternalFiles(file)).toThrow(/external data/);
  });

  it('are refused beside it for constants, which no exporter puts there', () => {
    const constant = message(integerField(1, 2), ...externalData({ location: 'a' }));
    const file = message(good, within([graph, node, attribute, attributeTensor], constant));
    expect(() => onnxExternalFiles(file)).toThrow(/not those of an initializer/);
  });

  it('are counted from its initializers', () => {
    expect(onnxParameterCount(good)).toBe(gains.length);
    const here = message(integerField(1, 2), integerField(14, 0));
    expect(onnxParameterCount(message(good, within([...branch, initializer], here)))).toBe(3);
  });

  it('are refused when the file could not hold them', () => {
    const vast = message(integerField(1, 2 ** 40), integerField(1, 2 ** 40));
    expect(() => onnxParameterCount(message(good, within([graph, initializer], vast)))).toThrow(
      /more than its \d+ bytes can hold/,
    );
    const ranked = Buffer.concat(Array.from({ length: 65 }, () => integerField(1, 1)));
    expect(() => onnxParameterCount(message(good, within([graph, initializer], ranked)))).toThrow(
      'more than 64 numbers',
    );
  });

  it('are refused when its graphs have no end', () => {
    const deep = within(
      Array.from({ length: 20 }, () => [node, attribute, attributeGraph]).flat(),
      Buffer.alloc(0),
    );
    expect(() => onnxParameterCount(message(good, bytesField(graph, deep)))).toThrow(
      'nests graphs more than 16 deep',
    );
  });

  it('are refused when a field has a number that readers shorten to another', () => {
    const shortened = bytesField(graph, within([initializer], byLocation));
    // 7 << 3 | 2 in the low 32 bits of a tag.
    const tag = Buffer.from([0xba, 0x80, 0x80, 0x80, 0x10]);
    const file = message(good, Buffer.concat([tag, shortened.subarray(1)]));
    expect(() => onnxParameterCount(file)).toThrow('a field has no number');
  });
});
