/**
 * A network in a TensorFlow SavedModel, run by the engine's own TensorFlow: signature
 * `serving_default`, one input float32 [batch, samples], one output.
 * https://www.tensorflow.org/guide/saved_model
 */
import type { Engine } from '../engine/engine';
import { refuseForeignOps } from './saved-model-check';
import { nodeName, savedGraphs, type SavedGraph, type SavedTensor } from './saved-model-graph';
import { TeacherInvalid } from './teacher-invalid';
import {
  waveformLayout,
  type StatedTensor,
  type TensorChoice,
  type WaveformLayout,
} from './waveform-layout';
import type { WaveformNet } from './waveform-net';

export interface SavedModelSignature {
  readonly tags: readonly string[];
  /** Names of tensors in the graph, such as `serving_default_x:0`. */
  readonly input: string;
  readonly output: string;
  readonly layout: WaveformLayout;
}

const signatureName = 'serving_default';

/**
 * Of `saved_model.pb`.
 * @param choice which input and output of the signature are meant, where there are several
 * @throws TeacherInvalid when it has no such signature, or could do more than compute
 */
export function savedModelSignature(
  bytes: Uint8Array,
  choice: TensorChoice = {},
): SavedModelSignature {
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
  const { inputs, outputs } = signature;
  const layout = waveformLayout(inputs, outputs, choice);
  for (const { name, type } of [layout.input, layout.output])
    if (type !== 'float32')
      throw new TeacherInvalid('outputShape', `its ${name} is ${type}, expected float32`);
  const tensorOf = (tensors: readonly SavedTensor[], { name }: StatedTensor): string =>
    tensors.find((each) => each.name === name)?.tensor ?? '';
  const output = tensorOf(outputs, layout.output);
  refuseForeignOps(graph, nodeName(output));
  return { tags: graph.tags, input: tensorOf(inputs, layout.input), output, layout };
}

function graphsOf(bytes: Uint8Array): SavedGraph[] {
  try {
    return savedGraphs(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TeacherInvalid('outputShape', `saved_model.pb cannot be read: ${error.message}`);
  }
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
  const { layout, input, output } = signature;
  return {
    layout,
    run: async (waveform, batch, samples) =>
      engine.runSavedModel(
        id,
        input,
        { values: waveform, shape: layout.dims(batch, samples) },
        output,
      ),
    dispose: () => engine.deleteSavedModel(id),
  };
}
