/**
 * The value that the best checkpoints are chosen by: macro mAP if the validation split has labels,
 * else the lowest binary cross-entropy against the ensemble on unaugmented clips, else (no
 * validation split) the last epoch. `eval` never enters it.
 */
import { binaryCrossEntropy } from '../../ced/metrics/agreement';
import type { Precision } from '../../ced/engine/ops';
import type { ModelConfig } from '../../ced/model/config';
import { Predictor } from '../../ced/model/predictor';
import type { Weights } from '../../ced/model/weights';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { scoreClips, type ScoredModel } from '../score/score-clips';
import { beginPhase, type JobContext } from '../job-context';
import type { EnsembleMember } from '../../workflows/contract/models';
import { labelMatrix, splitMAP } from '../../ced/metrics/split-scores';
import { ensembleScores } from '../../storage/scores';

export interface ValidationResult {
  /** Higher is better. */
  value: number;
  mAP: number | null;
}

export class Validation {
  private constructor(
    private readonly audio: CorpusAudio | null,
    private readonly ensembleScores: Float32Array | null,
  ) {}

  static async open(
    context: JobContext,
    planKey: string,
    hasSplit: boolean,
    ensemble: EnsembleMember[],
  ): Promise<Validation> {
    if (!hasSplit) return new Validation(null, null);
    const { store } = context;
    const audio = await CorpusAudio.open(store, planKey, 'validation', { job: context });
    // With neither labels nor teachers to compare with, the last epoch is as good as any.
    const followed = labelMatrix(audio) === null && ensemble.length > 0;
    return new Validation(audio, followed ? await ensembleScores(store, ensemble, audio) : null);
  }

  get contentSha256(): string | null {
    return this.audio?.contentSha256 ?? null;
  }

  /** @throws {EngineStopped} when the job was told to stop; nothing is decided then */
  async evaluate(
    model: { config: ModelConfig; weights: Weights; precision: Precision },
    epoch: number,
    context: JobContext,
  ): Promise<ValidationResult> {
    if (!this.audio) return { value: epoch, mAP: null };
    await beginPhase(context, 'validating');
    const predictor = new Predictor(context.engine, model.config, model.weights, {
      precision: model.precision,
    });
    const scored: ScoredModel = {
      frontEnd: 'log-mel',
      probabilities: (input) => predictor.probabilities(input),
    };
    try {
      return this.resultOf(
        this.audio,
        await scoreClips(this.audio, scored, context, 'validating'),
        epoch,
      );
    } finally {
      predictor.dispose();
    }
  }

  private resultOf(audio: CorpusAudio, scores: Float32Array, epoch: number): ValidationResult {
    if (this.ensembleScores)
      return { value: -binaryCrossEntropy(scores, this.ensembleScores), mAP: null };
    const mAP = splitMAP(scores, audio);
    return { value: mAP ?? epoch, mAP };
  }

  async close(): Promise<void> {
    await this.audio?.close();
  }
}
