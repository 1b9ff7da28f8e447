/**
 * A network in a TensorFlow SavedModel, run by the engine's own TensorFlow: signature
 * `serving_default`, one input float32 [batch, samples], one output.
 * https://www.tensorflow.org/guide/saved_model
 */
import type { Engine } from '../engine/engine';
import { protobufFields, protobufMessage, protobufText } from '../engine/protobuf-reader';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformNet } from './waveform-net';

export interface SavedModelSignature {
  readonly tags: readonly string[];
  /** Names of tensors in the graph, such as `serving_default_x:0`. */
  readonly input: string;
  readonly output: string;
}

const signatureName = 'serving_default';

/** Of `saved_model.pb`. @throws TeacherInvalid when it has no such signature */
export function savedModelSignature(bytes: Uint8Array): SavedModelSignature {
  try {
    for (const { field, bytes: metaGraph } of protobufFields(bytes)) {
      if (field !== 2) continue;
      const tags = [...protobufFields(protobufMessage(metaGraph, 1))]
        .filter((info) => info.field === 4)
        .map((info) => Buffer.from(info.bytes).toString('utf8'));
      if (!tags.includes('serve')) continue;
      for (const { field: kind, bytes: entry } of protobufFields(metaGraph)) {
        if (kind !== 5 || protobufText(entry, 1) !== signatureName) continue;
        const signature = protobufMessage(entry, 2);
        return {
          tags,
          input: onlyTensor(signature, 1, 'input'),
          output: onlyTensor(signature, 2, 'output'),
        };
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TeacherInvalid('outputShape', `saved_model.pb cannot be read: ${error.message}`);
  }
  throw new TeacherInvalid(
    'outputShape',
    `saved_model.pb has no signature ${signatureName} for the tag serve`,
  );
}

function onlyTensor(signature: Uint8Array, field: number, what: string): string {
  const tensors = [...protobufFields(signature)]
    .filter((entry) => entry.field === field)
    .map((entry) => protobufText(protobufMessage(entry.bytes, 2), 1));
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
