/**
 * What picks the best checkpoint: macro mAP where the validation split has labels, else the lowest binary cross-entropy against the ensemble
 * on unaugmented clips, else (no validation split) the last epoch. `eval` never picks anything.
 */
import { binaryCrossEntropy } from '../../ced/metrics/agreement';
import { combine } from '../../ced/teachers/ensemble';
import type { EnsembleMember } from '../../workflows/contract/activities';
import { CorpusAudio } from '../corpus/corpus-audio';
import { labelMatrix, readScores, scoreClips, splitMAP, type Probabilities } from '../evaluate/score-job';
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

  static async open(store: Store, planKey: string, hasSplit: boolean, ensemble: EnsembleMember[]): Promise<Validation> {
    if (!hasSplit) return new Validation(null, null);
    const audio = await CorpusAudio.open(store, planKey, 'validation');
    return new Validation(audio, labelMatrix(audio) ? null : await ensembleScores(store, ensemble, audio));
  }

  get contentSha256(): string | null {
    return this.audio?.contentSha256 ?? null;
  }

  async judge(probabilities: Probabilities, epoch: number, context: JobContext): Promise<Verdict> {
    if (!this.audio) return { value: epoch, mAP: null };
    const scores = await scoreClips(this.audio, probabilities, context, 'validating');
    if (this.ensembleScores) return { value: -binaryCrossEntropy(scores, this.ensembleScores), mAP: null };
    const mAP = splitMAP(scores, this.audio);
    return { value: mAP ?? epoch, mAP };
  }

  close(): void {
    this.audio?.close();
  }
}

/** float32 [clips, classes]: the weighted mean of the teachers' kept scores. @throws when a teacher was not scored on this split */
export async function ensembleScores(store: Store, ensemble: EnsembleMember[], audio: CorpusAudio): Promise<Float32Array> {
  const scores: Float32Array[] = [];
  for (const member of ensemble) {
    const own = await readScores(store, member.sha256, audio.contentSha256);
    if (!own) throw new Error(`${member.name} has no scores on corpus ${audio.contentSha256}`);
    scores.push(own);
  }
  const weights = ensemble.map((member) => member.weight);
  return combine(scores, weights, ensemble.map(() => 'probabilities' as const), audio.clips.length, audio.vocabulary.length);
}
