/**
 * What a run's models are worth on a split, from scores that the store already holds: nothing is
 * heard again. The ensemble is the weighted mean of its teachers' full outputs, not of what the
 * logits kept.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { agreement, rowDivergences } from '../../ced/metrics/agreement';
import { meanAveragePrecision } from '../../ced/metrics/mean-average-precision';
import { StoreDamaged } from '../../workflows/contract/damage';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import { layout } from '../../storage/layout';
import { readJsonIfPresent, type Store } from '../../storage/store';
import { readExcerpt, worstClips, type Hear } from './worst-clips';
import type { EnsembleMember, ModelReference, Split } from '../../workflows/contract/models';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import type { Latency } from '../../ced/metrics/latency';
import { labelMatrix } from '../../ced/metrics/split-scores';
import { readScores, type ScoresManifest, ensembleScores } from '../../storage/scores';
import type {
  ModelScore,
  StudentScore,
  DivergenceSpread,
  TeacherPair,
  RunEvaluation,
} from '../../report/run-evaluation';
import { pairAgreement } from '../../ced/metrics/pair-agreement';

/** @returns null when the corpus has no such split. @throws when a model was not scored on it */
export async function evaluateRun(
  store: Store,
  planKey: string,
  split: Split,
  models: { ensemble: EnsembleMember[]; students: ModelReference[] },
): Promise<RunEvaluation | null> {
  const corpus = await readCorpus(store, planKey);
  if (!corpus.splits[split]) return null;
  // A few seconds of the worst clips are heard: only their shards are opened.
  const hear = async ({ clip, shard }: CorpusClip): Promise<Int16Array> => {
    const audio = await CorpusAudio.open(store, planKey, split, { only: shard });
    try {
      const own = audio.clips.find((each) => each.clip === clip);
      if (!own) throw new Error(`${clip} is not in shard ${shard} of ${split}`);
      await audio.ready([own]);
      return readExcerpt(audio, own);
    } finally {
      audio.close();
    }
  };
  return await evaluateSplit(store, await readCorpusClips(store, planKey, split), models, hear);
}

async function evaluateSplit(
  store: Store,
  corpus: CorpusClips,
  models: { ensemble: EnsembleMember[]; students: ModelReference[] },
  hear: Hear,
): Promise<RunEvaluation> {
  const rows = corpus.clips.length;
  const classes = corpus.vocabulary.length;
  const targets = labelMatrix(corpus);
  const judge = async (scores: Float32Array): Promise<ModelScore> => {
    // Seconds of sorting on a large corpus: heartbeats get their turn between models.
    await yieldToEventLoop();
    if (!targets) return { mAP: null, perClass: [], latency: null };
    const { mean, perClass } = meanAveragePrecision({ scores, targets, rows, classes });
    return { mAP: mean, perClass, latency: null };
  };
  const scoresOf = async ({ name, sha256 }: ModelReference): Promise<Float32Array> => {
    const scores = await readScores(store, sha256, corpus.contentSha256);
    if (!scores)
      throw new StoreDamaged(
        [],
        `${name} has no scores on corpus ${corpus.contentSha256}; start the run again, it is scored anew`,
      );
    return scores;
  };
  const latencyOf = async ({ sha256 }: ModelReference): Promise<Latency | null> =>
    (
      await readJsonIfPresent<ScoresManifest>(
        store,
        layout.scoresManifest(sha256, corpus.contentSha256),
      )
    )?.latency ?? null;
  const teachers: ModelScore[] = [];
  for (const teacher of models.ensemble)
    teachers.push({ ...(await judge(await scoresOf(teacher))), latency: await latencyOf(teacher) });
  const pairs: TeacherPair[] = [];
  for (const [index, one] of models.ensemble.entries())
    for (const other of models.ensemble.slice(index + 1)) {
      await yieldToEventLoop();
      pairs.push({
        between: [one.name, other.name],
        ...pairAgreement(await scoresOf(one), await scoresOf(other), rows, classes),
      });
    }
  const followed =
    models.ensemble.length === 0 ? null : await ensembleScores(store, models.ensemble, corpus);
  const students: StudentScore[] = [];
  for (const student of models.students) {
    const scores = await scoresOf(student);
    const score = await judge(scores);
    await yieldToEventLoop();
    const aims = targets ?? followed;
    students.push({
      ...score,
      latency: await latencyOf(student),
      agreement: followed && agreementOf(scores, followed, rows, classes),
      spread: followed && spreadOf(rowDivergences(scores, followed, rows, classes)),
      worst: aims
        ? await worstClips(corpus, hear, scores, aims, { labelled: targets !== null, followed })
        : [],
    });
  }
  return {
    clips: rows,
    classes: targets ? countPositives(corpus, targets) : [],
    teachers,
    ensemble: followed && (await judge(followed)),
    pairs,
    students,
  };
}

function agreementOf(
  student: Float32Array,
  ensemble: Float32Array,
  rows: number,
  classes: number,
): StudentScore['agreement'] {
  const { divergence, topMatch } = agreement(student, ensemble, rows, classes);
  return { divergence, topMatch };
}

function spreadOf(divergences: Float64Array): DivergenceSpread | null {
  const sorted = divergences.toSorted();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return sorted.length === 0 ? null : { median: at(0.5), ninth: at(0.9), largest: at(1) };
}

function countPositives(corpus: CorpusClips, targets: Uint8Array): RunEvaluation['classes'] {
  const classes = corpus.vocabulary.map(({ name }) => ({ name, positives: 0 }));
  targets.forEach((target, index) => {
    const at = classes[index % classes.length];
    if (target !== 0 && at) at.positives++;
  });
  return classes;
}
