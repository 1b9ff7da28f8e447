/**
 * The value that the best checkpoints are chosen by: macro mAP if the validation split has labels,
 * else the lowest binary cross-entropy on unaugmented clips against what the student is trained
 * towards (the ensemble's K most probable classes, the rest filled in as in training), else (no
 * validation split) the last epoch. `eval` never enters it.
 */
import { binaryCrossEntropy } from '../../ced/metrics/agreement';
import { fitThresholds, type Thresholds } from '../../ced/metrics/thresholds';
import { scoredRows } from '../../ced/corpus/scored-clips';
import type { Precision } from '../../ced/engine/ops';
import type { ModelConfig } from '../../ced/model/config';
import { Predictor } from '../../ced/model/predictor';
import type { Weights } from '../../ced/model/weights';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { scoreClips, type ScoredModel } from '../score/score-clips';
import { beginPhase, type JobContext } from '../job-context';
import { storedTargetsOf } from '../../ced/logits/targets';
import type { TrainInput } from '../../workflows/contract/activities';
import type { Student } from '../../workflows/contract/run-file-sections';
import { labelMatrix, splitMAP } from '../../ced/metrics/split-scores';
import { ensembleScores } from '../../storage/scores';

export interface ValidationResult {
  /** Higher is better. */
  value: number;
  mAP: number | null;
  /** From the targets; absent where they are not the criterion. */
  divergence?: number;
}

/** What the validation of a student is compared with, where it has no labels. */
interface Followed {
  /** float32 [clips, classes], without those of which a teacher says nothing. */
  targets: Float32Array;
  /** Numbers of these among all. */
  unscored: readonly number[];
  /** Their cross-entropy with themselves, the lowest that there can be. */
  entropy: number;
}

interface ValidatedModel {
  config: ModelConfig;
  weights: Weights;
  precision: Precision;
}

type ValidationInput = Pick<
  TrainInput,
  'planKey' | 'hasValidation' | 'ensemble' | 'settings' | 'targets'
>;

/** A student says something of every chunk. */
const NO_FAULTS: ReadonlyMap<number, string> = new Map();

export class Validation {
  private constructor(
    private readonly audio: CorpusAudio | null,
    private readonly followed: Followed | null,
    /**
     * Which classes of the ensemble the student is compared in, if they are not all; part of the
     * training's key.
     */
    readonly comparedWith: 'stored targets' | null,
  ) {}

  static async open(
    context: JobContext,
    { planKey, hasValidation, ensemble, settings, targets }: ValidationInput,
  ): Promise<Validation> {
    if (!hasValidation) return new Validation(null, null, null);
    const { store } = context;
    const audio = await CorpusAudio.open(store, planKey, 'validation', { job: context });
    // With neither labels nor teachers to compare with, the last epoch is as good as any.
    if (labelMatrix(audio) !== null || ensemble.length === 0)
      return new Validation(audio, null, null);
    const { values, unscored } = await ensembleScores(store, ensemble, audio);
    const classes = audio.vocabulary.length;
    const scores = scoredRows(values, classes, unscored);
    const storedTopK = targets.kind === 'logits' ? targets.storedTopK : classes;
    const { topK = storedTopK, unseenFill = 'zero' } = settings as Partial<Student>;
    if (topK >= classes) return new Validation(audio, following(scores, unscored), null);
    const stored = storedTargetsOf(scores, classes, unseenFill, topK);
    return new Validation(audio, following(stored, unscored), 'stored targets');
  }

  /** Numbers of the clips in which the student is not compared with the ensemble. */
  get unscored(): readonly number[] {
    return this.followed?.unscored ?? [];
  }

  get contentSha256(): string | null {
    return this.audio?.contentSha256 ?? null;
  }

  /** @throws {EngineStopped} when the job was told to stop; nothing is decided then */
  async evaluate(
    model: ValidatedModel,
    epoch: number,
    context: JobContext,
  ): Promise<ValidationResult> {
    if (!this.audio) return { value: epoch, mAP: null };
    return this.resultOf(this.audio, await scoresOf(this.audio, model, context), epoch);
  }

  /**
   * As `evaluate`, of the model that the training ends with.
   * @returns `thresholds`: fitted on the split; null where it has no labels
   */
  async evaluateLast(
    model: ValidatedModel,
    epoch: number,
    context: JobContext,
  ): Promise<{ result: ValidationResult; thresholds: Thresholds | null }> {
    const { audio } = this;
    if (!audio) return { result: await this.evaluate(model, epoch, context), thresholds: null };
    const scores = await scoresOf(audio, model, context);
    const labels = labelMatrix(audio);
    return {
      result: this.resultOf(audio, scores, epoch),
      thresholds: labels && fitThresholds(scores, labels, audio.vocabulary),
    };
  }

  private resultOf(audio: CorpusAudio, scores: Float32Array, epoch: number): ValidationResult {
    if (this.followed) {
      const { targets, unscored } = this.followed;
      const own = scoredRows(scores, audio.vocabulary.length, unscored);
      const crossEntropy = binaryCrossEntropy(own, targets);
      return { value: -crossEntropy, mAP: null, divergence: crossEntropy - this.followed.entropy };
    }
    const mAP = splitMAP(scores, audio);
    return { value: mAP ?? epoch, mAP };
  }

  async close(): Promise<void> {
    await this.audio?.close();
  }
}

/** float32 [clips, classes] */
async function scoresOf(
  audio: CorpusAudio,
  { config, weights, precision }: ValidatedModel,
  context: JobContext,
): Promise<Float32Array> {
  await beginPhase(context, 'validating');
  const predictor = new Predictor(context.engine, config, weights, { precision });
  const scored: ScoredModel = {
    frontEnd: 'log-mel',
    predict: async (input) => ({
      values: await predictor.probabilitiesLater(input),
      faults: NO_FAULTS,
    }),
  };
  try {
    const phase = { name: 'student', phase: 'validating' };
    return (await scoreClips(audio, scored, context, phase)).values;
  } finally {
    predictor.dispose();
  }
}

function following(targets: Float32Array, unscored: readonly number[]): Followed {
  return { targets, unscored, entropy: binaryCrossEntropy(targets, targets) };
}
