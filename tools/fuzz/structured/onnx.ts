/**
 * ONNX files that lie, imported as a teacher is, which tries them in a process of its own. Their
 * parameters are counted here once more.
 */
import { importModels } from '../../../activities/import-models';
import { localDependencies } from '../../../activities/local-dependencies';
import type { Draws } from '../draws';
import { digestOf, type Forgery, type StructuredFormat } from './forgery';
import { inFolder } from './in-folder';
import { encoded, listsIn, varint, type MessageField } from './message-tree';

const CLASSES = 6;
const CSV = [
  'index,mid,display_name',
  ...Array.from({ length: CLASSES }, (_, index) => `${index},,class ${index}`),
].join('\n');
/** Tensors of one-bit values do not exist. */
const VALUES_A_BYTE = 8n;

export function onnxFormat(): StructuredFormat {
  const bytes = encoded(model());
  return {
    good: { bytes, lies: [], readings: [digestOf(CLASSES)] },
    goodEvery: 10,
    forge: async (draws) => await Promise.resolve(forge(draws)),
    read: async (file, name) =>
      await inFolder({ 'model.onnx': file, 'classes.csv': CSV }, async (root) => {
        const { teachers } = await importModels(localDependencies(root), {
          store: 'store',
          vocabulary: 'classes.csv',
          teachers: [
            {
              format: 'onnx',
              name,
              checkpoint: 'model.onnx',
              weight: 1,
              output: 'probabilities',
              vocabulary: 'classes.csv',
              spectrogramMasks: 'skip',
            },
          ],
          inits: [],
        });
        return digestOf(teachers[0]!.parameters);
      }),
  };
}

const number = (name: string, field: number, value: number): MessageField => ({
  name,
  field,
  content: BigInt(value),
});
const text = (name: string, field: number, value: string): MessageField => ({
  name,
  field,
  content: Buffer.from(value),
});
const part = (name: string, field: number, ...content: MessageField[]): MessageField => ({
  name,
  field,
  content,
});

function tensor(field: number, ...extents: number[]): MessageField {
  const values = extents.reduce((product, extent) => product * extent, 1);
  return part(
    'tensor',
    field,
    ...extents.map((extent) => number('extent', 1, extent)),
    number('type', 2, 1),
    text('name', 8, 'gain'),
    { name: 'values', field: 9, content: Buffer.alloc(4 * values, 1) },
  );
}

/** scores [batch, classes] = mean over samples of waveform [batch, samples] · gain [1, classes] */
function model(): MessageField[] {
  const value = (name: string, last: MessageField): MessageField[] => [
    text('name', 1, name),
    part(
      'type',
      2,
      part(
        'tensor type',
        1,
        number('element', 1, 1),
        part('shape', 2, part('axis', 1, text('axis', 2, 'batch')), part('axis', 1, last)),
      ),
    ),
  ];
  const node = (op: string, output: string, ...others: MessageField[]): MessageField =>
    part('node', 1, ...others, text('output', 2, output), text('op', 4, op));
  const graph = part(
    'graph',
    7,
    node(
      'ReduceMean',
      'mean',
      text('input', 1, 'waveform'),
      part('attribute', 5, text('name', 1, 'axes'), number('integer', 8, 1), number('type', 20, 7)),
    ),
    node(
      'Constant',
      'two',
      part('attribute', 5, text('name', 1, 'value'), tensor(5, 1, 2), number('type', 20, 4)),
    ),
    node('MatMul', 'scores', text('input', 1, 'mean'), text('input', 1, 'gain')),
    text('name', 2, 'means'),
    tensor(5, 1, CLASSES),
    part('input', 11, ...value('waveform', text('axis', 2, 'samples'))),
    part('output', 12, ...value('scores', number('axis', 1, CLASSES))),
  );
  return [
    number('version', 1, 8),
    graph,
    part('opset', 8, text('domain', 1, ''), number('version', 2, 13)),
  ];
}

function forge(draws: Draws): Forgery {
  const tree = model();
  const lies: string[] = [];
  let isOther = false;
  for (let count = 1 + draws.below(3); count > 0; count--) {
    const list = draws.pick(listsIn(tree).filter(({ length }) => length > 0));
    const at = draws.below(list.length);
    const { what, tell, isKnown = false } = draws.pick(draws.below(3) > 0 ? KNOWN : LIES);
    lies.push(`${what} of ${list[at]!.name}: ${tell(list, at, draws)}`);
    isOther ||= !isKnown;
  }
  let bytes = encoded(tree);
  if (draws.below(8) === 0) {
    const end = draws.below(bytes.length);
    lies.push(`cut to ${end} bytes`);
    bytes = bytes.subarray(0, end);
    isOther = true;
  }
  return { bytes, lies, readings: isOther ? null : readingsOf(tree, bytes.length) };
}

interface Lie {
  what: string;
  tell: (list: MessageField[], at: number, draws: Draws) => string;
  /** The tree still says what the bytes say. */
  isKnown?: boolean;
}

const LIES: readonly Lie[] = [
  {
    what: 'value',
    isKnown: true,
    tell: (list, at, draws) => {
      const field = list[at]!;
      if (typeof field.content !== 'bigint') return 'kept';
      const limits = [0n, 1n, 5n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n];
      return String((field.content = draws.pick(limits)));
    },
  },
  {
    what: 'copy',
    isKnown: true,
    tell: (list, at) => String(list.push(list[at]!)),
  },
  { what: 'loss', isKnown: true, tell: (list, at) => String(list.splice(at, 1).length) },
  { what: 'order', isKnown: true, tell: (list) => String(list.reverse().length) },
  {
    what: 'external data',
    isKnown: true,
    tell: (list) => {
      const tensors = list.filter(({ name }) => name === 'tensor');
      for (const { content } of tensors)
        (content as MessageField[]).push(number('location', 14, 1), text('external', 13, '/etc'));
      return `${tensors.length} tensors`;
    },
  },
  {
    what: 'nested graphs',
    tell: (list, at, draws) => {
      const depth = draws.pick([1, 15, 17, 1000, 5000]);
      let inner: Buffer = Buffer.alloc(0);
      for (let level = 0; level < depth; level++) inner = wrapped(6, wrapped(5, wrapped(1, inner)));
      list.push({ name: 'attribute', field: draws.pick([5, 6, 7]), content: inner });
      return String(depth);
    },
  },
  {
    what: 'number',
    tell: (list, at, draws) =>
      String((list[at]!.field = draws.pick([0, 1, 5, 7, 13, 14, 20, 25, 2 ** 29 - 1]))),
  },
  {
    what: 'wire type',
    tell: (list, at, draws) => String((list[at]!.wireType = draws.below(8))),
  },
  {
    what: 'length',
    tell: (list, at, draws) =>
      String(
        (list[at]!.length = draws.pick([0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n])),
      ),
  },
  {
    what: 'packed extents',
    tell: (list, at, draws) => {
      const count = draws.pick([1, 64, 65, 100_000]);
      const content = Buffer.concat(new Array<Buffer>(count).fill(varint(2n ** 31n)));
      list[at] = { name: 'extents', field: 1, content };
      return String(count);
    },
  },
];

const KNOWN = LIES.filter(({ isKnown }) => isKnown === true);

function wrapped(field: number, content: Buffer): Buffer {
  return Buffer.concat([
    varint((BigInt(field) << 3n) | 2n),
    varint(BigInt(content.length)),
    content,
  ]);
}

/** Parameters are the values of the tensors of every graph; none may lie in another file. */
function readingsOf(tree: readonly MessageField[], bytes: number): string[] {
  const inside = (fields: readonly MessageField[], field: number): MessageField[][] =>
    fields.flatMap((each) =>
      each.field === field && Array.isArray(each.content) ? [each.content] : [],
    );
  const graphs = inside(tree, 7);
  const tensors = graphs.flatMap((graph) => inside(graph, 5));
  const inAttributes = graphs
    .flatMap((graph) => inside(graph, 1))
    .flatMap((node) => inside(node, 5))
    .flatMap((attribute) => inside(attribute, 5));
  const isExternal = (fields: readonly MessageField[]): boolean =>
    fields.some(({ field, content }) => field === 13 || (field === 14 && content !== 0n));
  if (graphs.length === 0 || [...tensors, ...inAttributes].some(isExternal)) return [];
  const parameters = tensors.reduce(
    (sum, fields) =>
      sum +
      fields
        .filter(({ field }) => field === 1)
        .reduce((product, { content }) => product * (content as bigint), 1n),
    0n,
  );
  return parameters <= VALUES_A_BYTE * BigInt(bytes) ? [digestOf(Number(parameters))] : [];
}
