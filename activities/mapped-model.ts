/** A model whose outputs stand in the run's class order, whatever order it was trained with. */
import type { Engine } from '../ced/engine/engine';
import { Predictor, type PredictionInput } from '../ced/model/predictor';
import { classMap } from '../ced/teachers/class-map';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import { loadModel } from './model-folder';
import type { Store } from './storage/store';
import { modelVocabulary } from './teacher-classes';

export class MappedModel {
  private constructor(
    private readonly predictor: Predictor,
    /** int32 [classes]: the model's own class for each of the vocabulary's. */
    readonly map: Int32Array,
    private readonly outputs: number,
  ) {}

  static async load(
    store: Store,
    engine: Engine,
    modelSha256: string,
    precision: 'float32' | 'bfloat16',
    vocabulary: Vocabulary,
  ): Promise<MappedModel> {
    const { config, weights } = await loadModel(store, modelSha256);
    const map = classMap(modelVocabulary(config, vocabulary), vocabulary);
    return new MappedModel(new Predictor(engine, config, weights, { precision }), map, config.outputdim);
  }

  /** @returns float32 [batch, classes of the vocabulary] */
  probabilities(input: PredictionInput): Float32Array {
    const own = this.predictor.probabilities(input);
    const classes = this.map.length;
    const mapped = new Float32Array(input.batch * classes);
    for (let row = 0; row < input.batch; row++)
      for (let c = 0; c < classes; c++) mapped[row * classes + c] = own[row * this.outputs + (this.map[c] ?? 0)] ?? 0;
    return mapped;
  }

  dispose(): void {
    this.predictor.dispose();
  }
}
