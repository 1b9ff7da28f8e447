/**
 * A network in a TensorFlow SavedModel, run by the engine's own TensorFlow: signature
 * `serving_default`, one input float32 [batch, samples], one output.
 * https://www.tensorflow.org/guide/saved_model
 */
import type { Engine } from '../engine/engine';
import { refuseForeignOps } from './saved-model-check';
import { nodeName, savedGraphs, type SavedGraph } from './saved-model-graph';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformNet } from './waveform-net';

export interface SavedModelSignature {
  readonly tags: readonly string[];
  /** Names of tensors in the graph, such as `serving_default_x:0`. */
  readonly input: string;
  readonly output: string;
}

const signatureName = 'serving_default';

/**
 * Of `saved_model.pb`.
 * @throws TeacherInvalid when it has no such signature, or could do more than compute
 */
export function savedModelSignature(bytes: Uint8Array): SavedModelSignature {
  const graphs = graphsOf(bytes);
  const graph = graphs.find(({ tags, signatures }) => {
    return tags.includes('serve') && signatures.has(signatureName);
  });
  const signature = graph?.signatures.get(signatureName);
  if (!graph || !signature)
    throw new TeacherInvalid(
      'outputShape',
      `saved_model.pb has no signature ${signatureName} for the tag serve`,
    );
  const sameTags = ({ tags }: SavedGraph): boolean => tags.join() === graph.tags.join();
  if (graphs.filter(sameTags).length > 1)
    throw new TeacherInvalid('outputShape', 'saved_model.pb has two graphs of the same tags');
  const input = onlyTensor(signature.inputs, 'input');
  const output = onlyTensor(signature.outputs, 'output');
  refuseForeignOps(graph, nodeName(output));
  return { tags: graph.tags, input, output };
}

function graphsOf(bytes: Uint8Array): SavedGraph[] {
  try {
    return savedGraphs(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TeacherInvalid('outputShape', `saved_model.pb cannot be read: ${error.message}`);
  }
}

function onlyTensor(tensors: readonly string[], what: string): string {
  const [only, ...others] = tensors;
  if (only === undefined || others.length > 0)
    throw new TeacherInvalid(
      'outputShape',
      `its ${signatureName} has ${tensors.length} ${what}s, expected one`,
    );
  return only;
}

/**
 * @param folder with saved_model.pb; not needed any more when this returns.
 * @throws TeacherInvalid when TensorFlow refuses it
 */
export function loadSavedModelNet(
  engine: Engine,
  folder: string,
  signature: SavedModelSignature,
): WaveformNet {
  let id: number;
  try {
    id = engine.loadSavedModel(folder, signature.tags);
  } catch (error) {
    throw new TeacherInvalid(
      'outputShape',
      `TensorFlow cannot load it: ${(error as Error).message}`,
    );
  }
  return {
    run: async (waveform, batch, samples) =>
      engine.runSavedModel(
        id,
        signature.input,
        { values: waveform, shape: [batch, samples] },
        signature.output,
      ),
    dispose: () => engine.deleteSavedModel(id),
  };
}
