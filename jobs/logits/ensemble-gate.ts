/**
 * What teachers and ensemble score before hours are spent, on every split on which all teachers
 * were scored. Nothing is predicted again.
 */
import { scoredClips, scoredRows } from '../../ced/corpus/scored-clips';
import { outputFault } from '../../ced/teachers/output-fault';
import { PermanentError } from '../../workflows/contract/failures';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import type { Store } from '../../storage/store';
import type { EnsembleMember } from '../../workflows/contract/models';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import type { GateScores } from '../../storage/logits/stored-shard';
import { scoresMAP } from '../../ced/metrics/scores-of-clips';
import { splitMAP } from '../../ced/metrics/split-scores';
import { ensembleMean, readScores } from '../../storage/scores';

/** @throws {PermanentError} TeacherInvalid when what the ensemble gives is no scores */
export async function scoreEnsemble(
  store: Store,
  planKey: string,
  ensemble: EnsembleMember[],
): Promise<GateScores[]> {
  const { splits } = await readCorpus(store, planKey);
  const gate: GateScores[] = [];
  for (const split of ['validation', 'eval'] as const) {
    if (!splits[split]) continue;
    const corpus = await readCorpusClips(store, planKey, split);
    const own = await Promise.all(
      ensemble.map(({ sha256 }) => readScores(store, sha256, corpus.contentSha256)),
    );
    const scored = own.filter((scores) => scores !== null);
    if (scored.length < ensemble.length) continue;
    const { values, unscored } = ensembleMean(ensemble, scored, corpus);
    const classes = corpus.vocabulary.length;
    const together = scoredRows(values, classes, unscored);
    const compared = scoredClips(corpus, unscored);
    const fault = outputFault(together, compared.clips.length, classes, false);
    if (fault) throw new PermanentError('TeacherInvalid', `the ensemble on ${split}: ${fault}`);
    gate.push({
      split,
      teachers: scored.map((own) => scoresMAP(own, corpus, own.missing)),
      ensemble: splitMAP(together, compared),
    });
  }
  return gate;
}
