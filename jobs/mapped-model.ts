/**
 * A model whose outputs stand in the run's class order, whatever order it was trained with and
 * whatever it takes in.
 */
import { sampleRate } from '../ced/audio/mono16k';
import type { Engine } from '../ced/engine/engine';
import type { PredictionInput } from '../ced/model/prediction-input';
import { Predictor } from '../ced/model/predictor';
import { classMap, missingClasses } from '../ced/teachers/class-map';
import { predictionOf, type Prediction } from '../ced/teachers/prediction';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import { rateOf } from '../ced/teachers/waveform-windows';
import { waveformProbabilities } from '../ced/teachers/waveform-net';
import { loadModel } from '../storage/models/model-folder';
import type { Store } from '../storage/store';
import type { FrontEnd } from '../storage/models/teacher-identity';
import { modelVocabulary } from '../ced/teachers/teacher-classes';
import { loadWaveformNet, readWaveformManifest } from '../storage/models/waveform-folder';

interface OwnModel {
  /** float32 [batch, outputs] */
  probabilities(input: PredictionInput): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

export class MappedModel {
  /** The vocabulary's classes that the model lacks. */
  readonly missing: readonly number[];

  private constructor(
    private readonly model: OwnModel,
    /** int32 [classes]: the model's own class for each of the vocabulary's; -1 = it has none. */
    readonly map: Int32Array,
    /** Its own classes. */
    readonly outputs: number,
    readonly frontEnd: Exclude<FrontEnd, 'worker'>,
    /** Hz of the samples that it takes. */
    readonly sampleRate: number,
  ) {
    this.missing = missingClasses(map);
  }

  /**
   * @param missing `abstain`: it may lack classes of the vocabulary
   * @throws when the store's model cannot be used: TeacherInvalid where no retry can help
   */
  static async load(
    store: Store,
    engine: Engine,
    modelSha256: string,
    precision: 'float32' | 'bfloat16',
    vocabulary: Vocabulary,
    missing: 'refuse' | 'abstain' = 'refuse',
  ): Promise<MappedModel> {
    const manifest = await readWaveformManifest(store, modelSha256);
    if (manifest) {
      const map = classMap(manifest.vocabulary, vocabulary, missing);
      const output = { ...manifest, classes: manifest.vocabulary.length };
      const net = await loadWaveformNet(store, engine, modelSha256, manifest);
      const model = {
        probabilities: (input: PredictionInput) => waveformProbabilities(net, output, input),
        dispose: () => net.dispose(),
      };
      return new MappedModel(model, map, output.classes, 'waveform', rateOf(output));
    }
    const { config, weights } = await loadModel(store, modelSha256);
    const map = classMap(modelVocabulary(config, vocabulary), vocabulary, missing);
    const predictor = new Predictor(engine, config, weights, { precision });
    const model = {
      probabilities: (input: PredictionInput) => predictor.probabilitiesLater(input),
      dispose: () => predictor.dispose(),
    };
    return new MappedModel(model, map, config.outputdim, 'log-mel', sampleRate);
  }

  async predict(input: PredictionInput): Promise<Prediction> {
    return predictionOf(await this.own(input), input.batch, this.map);
  }

  /** @returns float32 [batch, its own classes] */
  async own(input: PredictionInput): Promise<Float32Array> {
    return await this.model.probabilities(input);
  }

  dispose(): void {
    this.model.dispose();
  }
}
