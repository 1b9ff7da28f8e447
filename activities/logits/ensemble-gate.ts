/** What teachers and ensemble score before hours are spent, on every split on which all teachers were scored. Nothing is heard again. */
import { outputFault } from '../../ced/teachers/output-fault';
import type { EnsembleMember } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { readCorpusClips } from '../corpus/corpus-clips';
import { ensembleScores } from '../distill/validation';
import { readCorpus } from '../download/seal-corpus';
import { readScores, splitMAP } from '../evaluate/score-job';
import type { Store } from '../storage/store';

export interface GateScores {
  split: 'validation' | 'eval';
  /** Macro mAP of each in run-file order; null where the split has no labels. */
  teachers: (number | null)[];
  ensemble: number | null;
}

/** @throws {PermanentError} TeacherInvalid when what the ensemble gives is no scores */
export async function scoreEnsemble(store: Store, planKey: string, ensemble: EnsembleMember[]): Promise<GateScores[]> {
  const { splits } = await readCorpus(store, planKey);
  const gate: GateScores[] = [];
  for (const split of ['validation', 'eval'] as const) {
    if (!splits[split]) continue;
    const corpus = await readCorpusClips(store, planKey, split);
    const own = await Promise.all(ensemble.map(({ sha256 }) => readScores(store, sha256, corpus.contentSha256)));
    const scored = own.filter((scores) => scores !== null);
    if (scored.length < ensemble.length) continue;
    const together = await ensembleScores(store, ensemble, corpus);
    const fault = outputFault(together, corpus.clips.length, corpus.vocabulary.length, false);
    if (fault) throw new PermanentError('TeacherInvalid', `the ensemble on ${split}: ${fault}`);
    gate.push({ split, teachers: scored.map((scores) => splitMAP(scores, corpus)), ensemble: splitMAP(together, corpus) });
  }
  return gate;
}
