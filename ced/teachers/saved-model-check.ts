/**
 * A SavedModel is a program: its graph may read and write files, call out, or run Python. Only
 * graphs of a network's own arithmetic are loaded. Every TensorFlow model also holds the ops that
 * save and restore its variables: they may stand in the file, but not where running or loading the
 * model would reach them, but for the one that restores.
 */
import { TeacherInvalid } from './teacher-invalid';
import type { SavedGraph, SavedNode } from './saved-model-graph';
import { COMPUTES, RESTORES, SAVES } from './saved-model-ops';

const MOST_TOLD = 5;
const LONGEST_NAME_TOLD = 60;

/**
 * @param output node that is run for a prediction
 * @throws TeacherInvalid naming what it refuses
 */
export function refuseForeignOps(graph: SavedGraph, output: string): void {
  const { nodes, functions, initializers, restore } = graph;
  const refuse = (found: readonly SavedNode[], why: string): void => {
    if (found.length > 0) throw new TeacherInvalid('foreignOp', `${described(found)} ${why}`);
  };
  const all = [...nodes, ...[...functions.values()].flat()];
  const known = (op: string): boolean =>
    COMPUTES.has(op) || RESTORES.has(op) || SAVES.has(op) || functions.has(op);
  refuse(
    all.filter(({ op }) => !known(op)),
    'of the SavedModel is no part of a network: it could read or write files, or call out',
  );
  refuse(
    reached(graph, [output, ...initializers]).filter(({ op }) => RESTORES.has(op) || SAVES.has(op)),
    'of the SavedModel would read or write files whenever it runs',
  );
  refuse(
    reached(graph, [restore]).filter(({ op }) => SAVES.has(op)),
    'of the SavedModel would write files when it is loaded',
  );
  refuse(
    restoringOthers(graph),
    'of the SavedModel would read another file than its own variables',
  );
}

function described(found: readonly SavedNode[]): string {
  const told = found
    .slice(0, MOST_TOLD)
    .map(({ op, name }) => `${shortened(op)} (node ${shortened(name)})`);
  const more = found.length > MOST_TOLD ? ` and ${found.length - MOST_TOLD} more` : '';
  return `${told.join(', ')}${more}`;
}

/**
 * Nodes that run when these are asked for. Of a function every node counts: TensorFlow also runs
 * those that nothing else in it needs.
 */
function reached({ nodes, functions }: SavedGraph, roots: readonly string[]): SavedNode[] {
  const named = new Map<string, SavedNode[]>();
  for (const node of nodes) named.set(node.name, [...(named.get(node.name) ?? []), node]);
  const seen = new Set<string>();
  const found: SavedNode[] = [];
  const waiting = roots.map((name) => ({ kind: 'node', name }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const key = `${next.kind} ${next.name}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const here = (next.kind === 'node' ? named : functions).get(next.name) ?? [];
    for (const node of here) {
      found.push(node);
      if (next.kind === 'node')
        waiting.push(...node.inputs.map((name) => ({ kind: 'node', name })));
      waiting.push(...[node.op, ...node.functions].map((name) => ({ kind: 'function', name })));
    }
  }
  return found;
}

/** RestoreV2 by another path than that of the loader. */
function restoringOthers({ nodes, functions, filename }: SavedGraph): SavedNode[] {
  const opOf = new Map(nodes.map(({ name, op }) => [name, op]));
  const restoring = new Set<string>();
  for (const [name, body] of functions)
    if (body.some(({ op }) => RESTORES.has(op))) restoring.add(name);
  const inBodies = [...functions.values()].flatMap((body) => {
    const computed = new Set(body.map(({ name }) => name));
    return body.filter(({ op, inputs, functions: called }) =>
      RESTORES.has(op)
        ? computed.has(inputs[0] ?? '')
        : [op, ...called].some((name) => restoring.has(name)),
    );
  });
  const inGraph = nodes.filter(({ op, inputs, functions: called }) => {
    if (RESTORES.has(op)) return inputs[0] !== filename;
    if (![op, ...called].some((name) => restoring.has(name))) return false;
    return inputs.some((input) => input !== filename && opOf.get(input) !== 'VarHandleOp');
  });
  return [...inBodies, ...inGraph];
}

function shortened(name: string): string {
  return name.slice(0, LONGEST_NAME_TOLD);
}
