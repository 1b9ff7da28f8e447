/** Model sizes that benchmarks offer. */
import { MODEL_PRESETS, type ModelPreset } from '../ced/model/config';

export const MODELS = Object.keys(MODEL_PRESETS) as ModelPreset[];
