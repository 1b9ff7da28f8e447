import {
  boolAttribute,
  intAttribute,
  shapeAttribute,
  stringAttribute,
  typeAttribute,
} from '../../../ced/engine/attributes';
import { openEngine } from '../../../ced/engine/engine';
import { FUNCTIONS_KEPT } from '../../../ced/engine/function-registry';
import { Ops } from '../../../ced/engine/ops';
import { protobufFields, protobufMessage, protobufText } from '../../../ced/engine/protobuf-reader';
import type { Tensor } from '../../../ced/engine/tensor';
import { Tracer } from '../../../ced/engine/tracer';

const engine = openEngine();
const float = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const resource = { dtype: 'resource', shape: [] } as const;

describe('a traced function', () => {
  // TensorFlow fuses what it sees together, so the last bit may differ.
  it('gives what the same kernels give one by one', () => {
    const body = (ops: Ops, [a, b]: readonly Tensor[]): Tensor[] => [
      ops.softmax(ops.matmul(a!, b!)),
      ops.sum(a!, [0]),
    ];
    const values = [
      Float32Array.of(1, 2, 3, 4, 5, 6),
      Float32Array.of(0.1, -0.2, 0.3, 0.4, 0, 0.6),
    ];
    const traced = engine.define('tracer: both', [float(2, 3), float(3, 2)], 'float32', body);
    expect(traced.outputs).toEqual([float(2, 2), float(3)]);
    const inputs = [
      engine.tensor(values[0]!, [2, 3], 'float32'),
      engine.tensor(values[1]!, [3, 2], 'float32'),
    ];
    const outputs = engine.call(traced, inputs);
    const eager = engine.eager((ops) =>
      body(ops, [ops.constant(values[0]!, [2, 3]), ops.constant(values[1]!, [3, 2])]).map((x) => [
        ...engine.read(x),
      ]),
    );
    outputs.forEach((output, index) =>
      engine.read(output).forEach((value, at) => expect(value).toBeCloseTo(eager[index]![at]!, 6)),
    );
    engine.free(...inputs, ...outputs);
  });

  it('is defined once a key, and has a name by its content, equal in every engine', () => {
    const double = (ops: Ops, [x]: readonly Tensor[]): Tensor[] => [ops.scale(x!, 2)];
    let traces = 0;
    const counted = (ops: Ops, inputs: readonly Tensor[]): Tensor[] => (
      traces++,
      double(ops, inputs)
    );
    const first = engine.define('tracer: twice', [float(4)], 'float32', counted);
    expect(engine.define('tracer: twice', [float(4)], 'float32', counted)).toBe(first);
    expect(traces).toBe(1);
    expect(engine.define('tracer: twice, by another key', [float(4)], 'float32', double).name).toBe(
      first.name,
    );
    expect(
      engine.define('tracer: thrice', [float(4)], 'float32', (ops, [x]) => [ops.scale(x!, 3)]).name,
    ).not.toBe(first.name);
  });

  it('runs kernels without outputs, in the order they were recorded in, each time', () => {
    const variable = engine.variable(Float32Array.of(1, 1), [2]);
    const step = engine.define(
      'tracer: writes',
      [resource, float(2)],
      'float32',
      (ops, [handle, x]) => {
        const before = ops.readVariable(handle!, [2]);
        ops.assignVariable(handle!, ops.add(before, x!));
        // after the assignment, or it would be lost
        ops.subtractFromVariable(handle!, ops.scale(x!, 0.25));
        return [before];
      },
    );
    const input = engine.tensor(Float32Array.of(4, 8), [2], 'float32');
    for (let call = 0; call < 25; call++) {
      const [before] = engine.call(step, [variable, input]) as [Tensor];
      expect([...engine.read(before)]).toEqual([1 + 3 * call, 1 + 6 * call]);
      engine.free(before);
    }
    expect([...engine.readVariable(variable, [2])]).toEqual([1 + 75, 1 + 150]);
    engine.free(input);
    engine.freeVariable(variable);
  });

  it('refuses arguments of another shape or type, and tensors from outside', () => {
    const traced = engine.define('tracer: picky', [float(2)], 'float32', (ops, [x]) => [
      ops.negate(x!),
    ]);
    const wrong = engine.tensor(new Float32Array(3), [3], 'float32');
    expect(() => engine.call(traced, [wrong])).toThrow(
      /argument 0 of ced_traced_\w+ should be float32\[2\], is float32\[3\]/,
    );
    expect(() => engine.call(traced, [])).toThrow(/argument 0/);
    const outside = { id: 10_000, dtype: 'float32', shape: [2] } as const;
    expect(() =>
      engine.define('tracer: outside', [float(2)], 'float32', (ops, [x]) => [ops.add(x!, outside)]),
    ).toThrow(/pass it as an argument/);
    engine.free(wrong);
  });

  it('keeps no tensors of its own', () => {
    const before = engine.tensorCount;
    const traced = engine.define('tracer: leaks', [float(3)], 'float32', (ops, [x]) => [
      ops.exp(ops.multiply(x!, ops.scalar(0.5))),
    ]);
    const input = engine.tensor(Float32Array.of(0, 1, 2), [3], 'float32');
    for (let call = 0; call < 10; call++) engine.free(...engine.call(traced, [input]));
    engine.free(input);
    expect(engine.tensorCount).toBe(before);
  });
});

describe('the registered functions', () => {
  const scaled = (key: string, factor: number) =>
    engine.define(`registered: ${key}`, [float(2)], 'float32', (ops, [x]) => [
      ops.scale(x!, factor),
    ]);
  const call = (traced: ReturnType<typeof scaled>): number[] => {
    const input = engine.tensor(Float32Array.of(1, 2), [2], 'float32');
    try {
      const [output] = engine.call(traced, [input]) as [Tensor];
      const values = [...engine.read(output)];
      engine.free(output);
      return values;
    } finally {
      engine.free(input);
    }
  };
  const defineOthers = (count: number, name: string): void => {
    for (let index = 0; index < count; index++) scaled(`${name} ${index}`, 10 + index);
  };

  it('stay bounded: TensorFlow forgets the least recently used, which can come back', () => {
    const forgotten = scaled('forgotten', 3);
    const used = scaled('used', 4);
    expect(call(forgotten)).toEqual([3, 6]);
    defineOthers(FUNCTIONS_KEPT - 1, 'first');
    scaled('used', 4);
    defineOthers(FUNCTIONS_KEPT - 1, 'second');
    expect(engine.functionCount).toBe(FUNCTIONS_KEPT);
    expect(call(used)).toEqual([4, 8]);
    expect(() => call(forgotten)).toThrow(/ced_traced_/);
    expect(call(scaled('forgotten', 3))).toEqual([3, 6]);
  });

  it('of one content under two keys are there until both are forgotten', () => {
    const one = scaled('one key', 5);
    defineOthers(FUNCTIONS_KEPT - 1, 'third');
    const other = scaled('other key', 5);
    expect(other.name).toBe(one.name);
    defineOthers(FUNCTIONS_KEPT - 1, 'fourth');
    expect(call(other)).toEqual([5, 10]);
    defineOthers(1, 'fifth');
    expect(() => call(other)).toThrow(/ced_traced_/);
  });
});

describe('a function for any number of rows', () => {
  const others = [float(2)];
  const define = (key: string, body: (ops: Ops, inputs: readonly Tensor[]) => Tensor[]) =>
    engine.defineForAnyRows(`any rows: ${key}`, [float(3, 2)], others, 'float32', body);
  const call = (traced: ReturnType<typeof define>, rows: number): [number[], number[]] => {
    const inputs = [
      engine.tensor(
        Float32Array.from({ length: rows * 2 }, (_, i) => i),
        [rows, 2],
        'float32',
      ),
      engine.tensor(Float32Array.of(10, 20), [2], 'float32'),
    ];
    try {
      const [output] = engine.call(traced, inputs) as [Tensor];
      const found: [number[], number[]] = [[...output.shape], [...engine.read(output)]];
      engine.free(output);
      return found;
    } finally {
      engine.free(...inputs);
    }
  };

  it('takes other numbers of rows than it was traced with', () => {
    const traced = define('sum of a slice', (ops, [x, y]) => {
      const wide = ops.reshape(ops.add(x!, y!), 3, 2, 1);
      return [ops.reshape(ops.slice(wide, [0, 1, 0], [3, 1, 1]), 3, 1)];
    });
    expect(call(traced, 1)).toEqual([[1, 1], [21]]);
    expect(call(traced, 4)).toEqual([
      [4, 1],
      [21, 23, 25, 27],
    ]);
  });

  it('that depends on the number it was traced with is found out', () => {
    const traced = define('fixed', (ops, [, y]) => [
      ops.add(y!, ops.constant(new Float32Array(6), [3, 2])),
    ]);
    expect(call(traced, 3)[0]).toEqual([3, 2]);
    expect(() => call(traced, 4)).toThrow(/gave \[3,2\] for 4 rows of \[3,2\]/);
  });
});

describe('a FunctionDef', () => {
  const tracer = new Tracer([float(2), resource]);
  const [x, variable] = tracer.arguments as [Tensor, Tensor];
  const ops = new Ops(tracer, 'float32');
  const sum = ops.add(x, ops.constant(Float32Array.of(1, 2), [2]));
  ops.assignVariable(variable, sum);
  ops.assignVariable(variable, ops.negate(sum));
  const bytes = tracer.functionDef('f', [sum]);
  const nodes = [...protobufFields(bytes)]
    .filter(({ field }) => field === 3)
    .map(({ bytes: node }) => ({
      op: protobufText(node, 2),
      inputs: [...protobufFields(node)]
        .filter(({ field }) => field === 3)
        .map((input) => Buffer.from(input.bytes).toString()),
    }));

  it('names its arguments, nodes and outputs, and refers to outputs by their port', () => {
    expect(protobufText(protobufMessage(bytes, 1), 1)).toBe('f');
    expect(nodes.map(({ op }) => op)).toEqual([
      'Const',
      'AddV2',
      'AssignVariableOp',
      'Neg',
      'AssignVariableOp',
    ]);
    expect(nodes[1]!.inputs).toEqual(['a0', 'n0:output:0']);
    expect(nodes[2]!.inputs).toEqual(['a1', 'n1:z:0']);
  });

  it('orders two writers of one variable', () => {
    expect(nodes[4]!.inputs).toEqual(['a1', 'n3:y:0', '^n2']);
  });

  it('is the same bytes for the same calls', () => {
    const again = new Tracer([float(2), resource]);
    const all = (name: string) => [
      typeAttribute('t', 'float32'),
      boolAttribute('b', true),
      intAttribute('i', -3),
      stringAttribute('s', name),
      shapeAttribute('h', [2, 3]),
    ];
    const other = new Tracer([float(2), resource]);
    const [y, z, w] = [again, other, new Tracer([float(2), resource])].map((target, index) => {
      target.run(
        'Op',
        all(index === 2 ? 'other' : 'same'),
        [target.arguments[0]!],
        [{ port: 'y', dtype: 'float32', shape: [2] }],
      );
      return Buffer.from(target.functionDef('f', [target.arguments[0]!])).toString('hex');
    });
    expect(y).toBe(z);
    expect(w).not.toBe(y);
  });
});
