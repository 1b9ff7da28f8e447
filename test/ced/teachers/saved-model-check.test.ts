import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesField, mapEntry, message, stringField } from '../../../ced/engine/protobuf';
import { savedModelSignature } from '../../../ced/teachers/saved-model-net';
import { savedModelBytes } from './saved-model-bytes';

const reference = (name: string): Buffer =>
  readFileSync(join(__dirname, '../../reference/savedmodels', `${name}.pb`));

const node = (
  name: string,
  op: string,
  inputs: readonly string[] = [],
  ...rest: Buffer[]
): Buffer =>
  bytesField(
    1,
    message(
      stringField(1, name),
      stringField(2, op),
      ...inputs.map((input) => stringField(3, input)),
      ...rest,
    ),
  );
/** An attribute that names a function, which may be the attribute of another. */
const calls = (name: string): Buffer =>
  mapEntry(5, 'f', bytesField(2, bytesField(10, stringField(1, name))));
const definition = (name: string, ...nodes: Buffer[]): Buffer =>
  bytesField(2, bytesField(1, message(bytesField(1, stringField(1, name)), ...nodes.map(asBody))));
/** A function's nodes are its field 3, a graph's the field 1. */
const asBody = (each: Buffer): Buffer => Buffer.from([(3 << 3) | 2, ...each.subarray(1)]);
/** A good model, and these nodes and functions. */
const withGraph = (...graph: Buffer[]): Buffer => savedModelBytes([1, 2], { graph });
/** `taken`, or why not. */
const outcome = (bytes: Buffer): string => {
  try {
    savedModelSignature(bytes);
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a SavedModel', () => {
  it.each(['module', 'version1'])('as TensorFlow saves a network is taken: %s', (name) => {
    expect(savedModelSignature(reference(name))).toMatchObject({ tags: ['serve'] });
  });

  it('that reads and writes files is refused, and what does it is named', () => {
    expect(() => savedModelSignature(reference('writes'))).toThrow(
      /^ReadFile \(node ReadFile\), WriteFile \(node WriteFile\), PrintV2 \(node PrintV2\) of the SavedModel is no part of a network: it could read or write files, or call out$/,
    );
    expect(() => savedModelSignature(reference('saves'))).toThrow(
      /^SaveV2 \(node SaveV2\) of the SavedModel would read or write files whenever it runs$/,
    );
    expect(() => savedModelSignature(reference('restores'))).toThrow(
      /^RestoreV2 \(node RestoreV2\) of the SavedModel would read or write files whenever/,
    );
  });

  it('is refused for a foreign op anywhere: beside what runs, in functions of functions', () => {
    for (const foreign of [
      node('idle', 'WriteFile'),
      definition('f', node('inside', 'PyFunc')),
      node('unknown', 'a function that is not there'),
      node('watch', 'DebugIdentityV2'),
      node('program', 'XlaCallModule'),
      message(node('twice', 'Relu'), node('twice', 'ReadFile')),
    ])
      expect(outcome(withGraph(foreign))).toMatch(/of the SavedModel is no part of a network/);
    expect(outcome(withGraph(node('fine', 'Relu', ['wave'])))).toBe('taken');
  });

  it('may hold what saves it, but not where loading or running it would', () => {
    const saver = definition('save', node('save', 'SaveV2', ['path']));
    const call = node('saving', 'StatefulPartitionedCall', ['path'], calls('save'));
    expect(outcome(withGraph(saver, call))).toBe('taken');
    // A function runs all of its nodes, whatever is asked of it.
    for (const reaching of [
      node('scores', 'MatMul', ['^saving']),
      node('mean', 'StatefulPartitionedCall', [], calls('save')),
    ])
      expect(outcome(withGraph(saver, call, reaching))).toMatch(/whenever it runs$/);
    const init = definition('start', ...[node('s', 'save')]);
    expect(
      outcome(
        savedModelBytes([1, 2], {
          graph: [saver, init, node('begin', 'start')],
          initializer: 'begin:0',
        }),
      ),
    ).toMatch(/whenever it runs$/);
  });

  it('restores its own variables and nothing else', () => {
    const saverDef = message(stringField(1, 'path:0'), stringField(3, 'restore'));
    const restoring = (...graph: Buffer[]): string =>
      outcome(savedModelBytes([1, 2], { graph, saver: saverDef }));
    const path = node('path', 'Placeholder');
    const fixed = node('fixed', 'Const');
    expect(restoring(path, node('restore', 'RestoreV2', ['path']))).toBe('taken');
    expect(restoring(fixed, node('restore', 'RestoreV2', ['fixed']))).toMatch(/another file/);
    const body = definition('r', node('read', 'RestoreV2', ['file_prefix']));
    const call = (...inputs: string[]): Buffer =>
      node('restore', 'StatefulPartitionedCall', inputs, calls('r'));
    expect(restoring(path, body, node('v', 'VarHandleOp'), call('path', 'v'))).toBe('taken');
    expect(restoring(fixed, body, call('fixed'))).toMatch(/another file/);
    const chosen = definition('r', node('c', 'Const'), node('read', 'RestoreV2', ['c:output:0']));
    expect(restoring(path, chosen, call('path'))).toMatch(/another file/);
    const writing = definition('w', node('save', 'SaveV2', ['path']));
    expect(restoring(path, writing, node('restore', 'w', ['path']))).toMatch(/when it is loaded$/);
  });

  it('is refused when the graph that is loaded could be another than the one looked at', () => {
    const twice = message(savedModelBytes([1], { signature: 'other' }), savedModelBytes([1, 2]));
    expect(outcome(twice)).toBe('saved_model.pb has two graphs of the same tags');
  });

  it('is refused when its functions have no end', () => {
    const deep = Array.from({ length: 12 }).reduce<Buffer>(
      (inner) =>
        bytesField(10, message(stringField(1, 'f'), mapEntry(2, 'f', bytesField(2, inner)))),
      Buffer.alloc(0),
    );
    expect(
      outcome(
        withGraph(node('call', 'PartitionedCall', [], mapEntry(5, 'f', bytesField(2, deep)))),
      ),
    ).toMatch(/nests functions more than 8 deep/);
  });
});
