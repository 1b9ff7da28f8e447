/**
 * What picks the best checkpoint: macro mAP where the validation split has labels, else the lowest binary cross-entropy against the ensemble
 * on unaugmented clips, else (no validation split) the last epoch. `eval` never picks anything.
 */
import { binaryCrossEntropy } from '../../ced/metrics/agreement';
import type { Precision } from '../../ced/engine/ops';
import type { ModelConfig } from '../../ced/model/config';
import { Predictor } from '../../ced/model/predictor';
import type { Weights } from '../../ced/model/weights';
import { combine } from '../../ced/teachers/ensemble';
import type { EnsembleMember } from '../../workflows/contract/activities';
import { StoreDamaged } from '../../workflows/contract/damage';
import { CorpusAudio } from '../corpus/corpus-audio';
import type { CorpusClips } from '../corpus/corpus-clips';
import { labelMatrix, readScores, scoreClips, splitMAP } from '../evaluate/score-job';
import type { JobContext } from '../job-context';
import type { Store } from '../storage/store';

export interface Verdict {
  /** Higher is better. */
  value: number;
  mAP: number | null;
}

export class Validation {
  private constructor(
    private readonly audio: CorpusAudio | null,
    private readonly ensembleScores: Float32Array | null,
  ) {}

  static async open(context: JobContext, planKey: string, hasSplit: boolean, ensemble: EnsembleMember[]): Promise<Validation> {
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

  async judge(
    model: { config: ModelConfig; weights: Weights; precision: Precision },
    epoch: number,
    context: JobContext,
  ): Promise<Verdict> {
    if (!this.audio) return { value: epoch, mAP: null };
    const predictor = new Predictor(context.engine, model.config, model.weights, { precision: model.precision });
    try {
      return this.verdict(
        this.audio,
        await scoreClips(this.audio, (batch) => predictor.probabilities(batch), context, 'validating'),
        epoch,
      );
    } finally {
      predictor.dispose();
    }
  }

  private verdict(audio: CorpusAudio, scores: Float32Array, epoch: number): Verdict {
    if (this.ensembleScores) return { value: -binaryCrossEntropy(scores, this.ensembleScores), mAP: null };
    const mAP = splitMAP(scores, audio);
    return { value: mAP ?? epoch, mAP };
  }

  close(): void {
    this.audio?.close();
  }
}

/** float32 [clips, classes]: the weighted mean of the teachers' kept scores. @throws when a teacher was not scored on this split */
export async function ensembleScores(store: Store, ensemble: EnsembleMember[], corpus: CorpusClips): Promise<Float32Array> {
  const scores: Float32Array[] = [];
  for (const member of ensemble) {
    const own = await readScores(store, member.sha256, corpus.contentSha256);
    if (!own)
      throw new StoreDamaged([], `${member.name} has no scores on corpus ${corpus.contentSha256}; start the run again, it is scored anew`);
    scores.push(own);
  }
  const outputs = ensemble.map(({ weight }, index) => ({
    values: scores[index] ?? new Float32Array(),
    output: 'probabilities' as const,
    weight,
  }));
  return combine(outputs, corpus.clips.length, corpus.vocabulary.length);
}
