/**
 * A run's models on a split, from scores that the store already holds: no model runs. The ensemble
 * is the weighted mean of its teachers' full outputs, not of the stored top-K.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { agreement, rowDivergences } from '../../ced/metrics/agreement';
import { meanAveragePrecisionInParts } from '../../ced/metrics/mean-average-precision';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import type { Store } from '../../storage/store';
import { readExcerpt, worstClips, type ExcerptReader } from './worst-clips';
import type { EnsembleMember, ModelReference, Split } from '../../workflows/contract/models';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';
import { readCorpus } from '../../storage/corpus/corpus-manifest';
import { scoredClips, scoredRows } from '../../ced/corpus/scored-clips';
import { labelMatrix } from '../../ced/metrics/split-scores';
import { ensembleMean, requireScores, type StoredScores } from '../../storage/scores';
import type {
  ModelScore,
  StudentScore,
  DivergenceSpread,
  NamedPair,
  RunEvaluation,
} from '../../report/run-evaluation';
import { tagScores } from '../../ced/metrics/tag-scores';
import type { Thresholds } from '../../ced/metrics/thresholds';
import { readThresholds } from '../../storage/models/model-thresholds';
import { sharedAgreement } from '../../ced/metrics/pair-agreement';

/** Awaited before every model, pair and 32 classes: up to a second of arithmetic each. */
type BeforeComputing = () => Promise<void>;

/**
 * @param beforeComputing yields to the event loop at least; may throw to give up
 * @returns null when the corpus has no such split
 * @throws when a model was not scored on it
 */
export async function evaluateRun(
  store: Store,
  planKey: string,
  split: Split,
  { ensemble, students }: { ensemble: EnsembleMember[]; students: ModelReference[] },
  beforeComputing: BeforeComputing = yieldToEventLoop,
): Promise<RunEvaluation | null> {
  if (!(await readCorpus(store, planKey)).splits[split]) return null;
  const corpus = await readCorpusClips(store, planKey, split);
  const labels = labelMatrix(corpus);
  const teachers = await evaluateTeachers(store, corpus, labels, ensemble, beforeComputing);
  const evaluated: StudentScore[] = [];
  for (const student of students) {
    const scores = await requireScores(store, student, corpus);
    const thresholds = labels && (await readThresholds(store, student.sha256));
    const excerptOf = (clip: CorpusClip): Promise<Int16Array> =>
      readExcerpt(store, planKey, split, clip);
    evaluated.push(
      await evaluateStudent(corpus, scores, {
        ...{ labels, thresholds, ensemble: teachers.mean, excerptOf, beforeComputing },
      }),
    );
  }
  return {
    clips: corpus.clips.length,
    classes: labels ? countPositives(corpus, labels) : [],
    teachers: teachers.scores,
    ensemble:
      teachers.mean && (await evaluateEnsemble(corpus, teachers.mean, labels, beforeComputing)),
    pairs: teachers.pairs,
    students: evaluated,
  };
}

/** Probabilities [clips, classes], and the numbers of the clips that have none. */
type ClipTable = Pick<StoredScores, 'values' | 'unscored'>;

interface TeacherEvaluation {
  scores: ModelScore[];
  pairs: NamedPair[];
  /** The ensemble's probabilities; null without teachers. */
  mean: ClipTable | null;
}

/**
 * Reads each teacher's table once. Every two are compared, so all of them are in memory until this
 * returns: 4 bytes a clip, class and teacher.
 */
async function evaluateTeachers(
  store: Store,
  corpus: CorpusClips,
  labels: Uint8Array | null,
  ensemble: EnsembleMember[],
  beforeComputing: BeforeComputing,
): Promise<TeacherEvaluation> {
  const scores: ModelScore[] = [];
  const tables: StoredScores[] = [];
  for (const teacher of ensemble) {
    const stored = await requireScores(store, teacher, corpus);
    const score = await scoreOf(corpus, stored, labels, beforeComputing);
    scores.push({ ...score, latency: stored.latency });
    tables.push(stored);
  }
  const pairs: NamedPair[] = [];
  for (const [first, one] of ensemble.entries())
    for (let second = first + 1; second < ensemble.length; second++) {
      await beforeComputing();
      const both = [tables[first]!, tables[second]!] as const;
      const without = both.map(({ unscored }) => unscored);
      const classes = corpus.vocabulary.length;
      const known = ({ values, missing }: StoredScores) => ({
        ...{ values: scoredRows(values, classes, ...without), missing },
      });
      const clips = scoredClips(corpus, ...without).clips.length;
      const agreed = clips > 0 && sharedAgreement(known(both[0]), known(both[1]), clips, classes);
      if (agreed) pairs.push({ between: [one.name, ensemble[second]!.name], ...agreed });
    }
  const mean = ensemble.length === 0 ? null : ensembleMean(ensemble, tables, corpus);
  return { scores, pairs, mean };
}

async function evaluateEnsemble(
  corpus: CorpusClips,
  mean: ClipTable,
  labels: Uint8Array | null,
  beforeComputing: BeforeComputing,
): Promise<ModelScore> {
  const score = await scoreOf(corpus, { ...mean, missing: [] }, labels, beforeComputing);
  const classes = corpus.vocabulary.length;
  const values = scoredRows(mean.values, classes, mean.unscored);
  const targets = labels && scoredRows(labels, classes, mean.unscored);
  const tags = targets && (await tagScores(values, targets, classes, null, beforeComputing));
  return { ...score, tags };
}

async function evaluateStudent(
  corpus: CorpusClips,
  scores: StoredScores,
  reference: {
    /** uint8 [clips, classes] */
    labels: Uint8Array | null;
    /** Fitted on validation. */
    thresholds: Thresholds | null;
    ensemble: ClipTable | null;
    excerptOf: ExcerptReader;
    beforeComputing: BeforeComputing;
  },
): Promise<StudentScore> {
  const { labels, thresholds, excerptOf, beforeComputing } = reference;
  const score = await scoreOf(corpus, scores, labels, beforeComputing);
  await beforeComputing();
  // Compared with the ensemble in the clips that it has a score of.
  const { values: mean = null, unscored = [] } = reference.ensemble ?? {};
  const compared = scoredClips(corpus, unscored);
  const [rows, classes] = [compared.clips.length, corpus.vocabulary.length];
  const values = scoredRows(scores.values, classes, unscored);
  const ensemble = mean && scoredRows(mean, classes, unscored);
  const targets = labels ? scoredRows(labels, classes, unscored) : ensemble;
  return {
    ...score,
    latency: scores.latency,
    tags: labels && (await tagScores(scores.values, labels, classes, thresholds, beforeComputing)),
    agreement: ensemble && agreementOf(values, ensemble, rows, classes),
    spread: ensemble && spreadOf(rowDivergences(values, ensemble, rows, classes)),
    worst: targets
      ? await worstClips(compared, excerptOf, values, targets, {
          labelled: labels !== null,
          ensemble,
        })
      : [],
  };
}

/** Latency is the caller's to add. */
async function scoreOf(
  corpus: CorpusClips,
  { values, missing, unscored }: Pick<StoredScores, 'values' | 'missing' | 'unscored'>,
  labels: Uint8Array | null,
  beforeComputing: BeforeComputing,
): Promise<ModelScore> {
  await beforeComputing();
  if (!labels) return { mAP: null, perClass: [], latency: null };
  const { length: classes } = corpus.vocabulary;
  const { mean, perClass } = await meanAveragePrecisionInParts(
    {
      scores: scoredRows(values, classes, unscored),
      targets: scoredRows(labels, classes, unscored),
      rows: scoredClips(corpus, unscored).clips.length,
      classes,
      missing,
    },
    beforeComputing,
  );
  return { mAP: mean, perClass, latency: null };
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
