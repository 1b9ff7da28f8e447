/**
 * A model's weights as plain arrays under the published names, as they are stored, averaged, hashed
 * and handed to the engine.
 */
import type { Shape } from '../engine/tensor';
import { elementCount } from '../engine/tensor';
import type { ModelConfig } from './config';
import { parameterSpecs } from './parameters';
import { unwrappedNames } from './wrapper-names';

export interface WeightTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}
export type Weights = ReadonlyMap<string, WeightTensor>;

/** Of a list of problems, and of a name in it: a stranger's file may have a million. */
const MOST_PROBLEMS_TOLD = 20;
const LONGEST_NAME_TOLD = 100;

/** Tensors that don't fit the model; `problems` names every one of them, the message the first. */
export class WeightsInvalid extends Error {
  override readonly name = 'WeightsInvalid';
  constructor(readonly problems: readonly string[]) {
    const told = problems.slice(0, MOST_PROBLEMS_TOLD);
    const more = problems.length - told.length;
    super(
      'these weights do not fit the model: ' +
        `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    );
  }
}

/**
 * The published name of a tensor in a Hugging Face checkpoint, a bare encoder or the original
 * repository's `.pt`, without wrappers; null for what holds no weights.
 */
export function canonicalName(name: string): string | null {
  if (name.startsWith('front_end.') || name.endsWith('num_batches_tracked')) return null;
  const bare = name.replace(/^encoder\./, '').replace(/^init_bn\.1\./, 'init_bn.');
  return bare.startsWith('outputlayer.') ? bare : `encoder.${bare}`;
}

/**
 * Checks and renames tensors read from a file. Position embeddings of another length are cut or
 * interpolated, as in the published code. Only tensors that the model has are decoded.
 * @throws WeightsInvalid that lists every unknown, missing and misshapen tensor
 */
export function loadWeights(
  config: ModelConfig,
  tensors: ReadonlyMap<string, WeightTensor>,
): Weights {
  const specs = new Map(parameterSpecs(config).map((spec) => [spec.name, spec]));
  const found = new Map<string, WeightTensor>();
  const problems: string[] = [];
  const { bareName, models } = unwrappedNames(tensors.keys());
  if (models.length > 1)
    throw new WeightsInvalid([`it holds several models (${models.slice(0, 4).join(', ')})`]);
  for (const [fullName, tensor] of tensors) {
    const canonical = canonicalName(bareName(fullName));
    const name = fullName.slice(0, LONGEST_NAME_TOLD);
    if (canonical === null) continue;
    const spec = specs.get(canonical);
    if (spec === undefined) problems.push(`${name} is unknown`);
    else if (found.has(canonical)) problems.push(`${name} is there twice`);
    else {
      const fitted = fitPositions(canonical, tensor, spec.shape);
      if (fitted.shape.join() !== spec.shape.join())
        problems.push(`${name} has shape [${tensor.shape}], should have [${spec.shape}]`);
      found.set(canonical, fitted);
    }
  }
  for (const name of specs.keys()) if (!found.has(name)) problems.push(`${name} is missing`);
  if (problems.length > 0) throw new WeightsInvalid(problems);
  return new Map(
    [...specs.keys()].map((name) => {
      const { shape, data } = found.get(name) as WeightTensor;
      return [name, { shape, data }];
    }),
  );
}

const POSITION_AXES: Readonly<Record<string, number>> = {
  'encoder.time_pos_embed': 3,
  'encoder.freq_pos_embed': 2,
};

/** A position embedding in another length; any other tensor as it is. */
export function fitPositions(name: string, tensor: WeightTensor, shape: Shape): WeightTensor {
  const axis = POSITION_AXES[name];
  if (axis === undefined || tensor.shape.length !== 4 || tensor.shape[1] !== shape[1])
    return tensor;
  const [from, to, width] = [
    tensor.shape[axis] as number,
    shape[axis] as number,
    shape[1] as number,
  ];
  if (from === to || elementCount(tensor.shape) !== width * from) return tensor;
  const data = new Float32Array(width * to);
  for (let channel = 0; channel < width; channel++) {
    for (let position = 0; position < to; position++) {
      // Cut where there are more than enough; else linear interpolation between cell centres.
      const source = to <= from ? position : Math.max(0, ((position + 0.5) * from) / to - 0.5);
      const low = Math.min(Math.floor(source), from - 1);
      const high = Math.min(low + 1, from - 1);
      const [a, b] = [
        tensor.data[channel * from + low] as number,
        tensor.data[channel * from + high] as number,
      ];
      data[channel * to + position] = a + (b - a) * (source - low);
    }
  }
  return { shape, data };
}
