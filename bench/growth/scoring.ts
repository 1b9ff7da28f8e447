/** Scoring a split, and what the report computes of its scores. */
import { evaluateRun } from '../../activities/publish/run-evaluation';
import { meanAveragePrecision, meanRocAuc } from '../../ced/metrics/mean-average-precision';
import { scoreClips } from '../../jobs/score/score-clips';
import { scoreJob } from '../../jobs/score/score-job';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { growthCorpus, type CorpusSize } from './corpus';
import { bySizesOfCorpus, CLASS_COUNTS, decades, type Subject } from './subject';

/** Twice, and the second time is measured: nothing is compiled then. */
async function scoring(folder: string, size: CorpusSize) {
  const { context, input } = await growthCorpus(folder, size);
  const [teacher] = input.ensemble;
  const score = async (): Promise<void> => {
    const audio = await CorpusAudio.open(context.store, input.planKey, 'train', { job: context });
    const model = await context.teacher(teacher!.sha256, 'float32', audio.vocabulary);
    await scoreClips(audio, model, context, { name: 'model' });
    await audio.close();
  };
  await score();
  return score;
}

/** The evaluation of two teachers and a student on a split. */
async function evaluation(folder: string, size: CorpusSize) {
  const { context, input } = await growthCorpus(folder, size);
  const { planKey } = input;
  const [teacher] = input.ensemble;
  await scoreJob(context, {
    ...{ store: '', planKey, split: 'train', model: teacher!, chunkSeconds: 1 },
    precision: 'float32',
  });
  const models = { ensemble: [teacher!, { ...teacher!, name: 'other' }], students: [teacher!] };
  return async () => await evaluateRun(context.store, planKey, 'train', models);
}

const [evaluationByClips, evaluationByClasses] = bySizesOfCorpus("report's evaluation", evaluation);

/** A clip in fifty is of a class. */
function metrics(rows: number, classes: number): () => Promise<unknown> {
  const scores = Float32Array.from(
    { length: rows * classes },
    (_, i) => ((i * 7919) % 9973) / 9973,
  );
  const targets = Uint8Array.from(scores, (_, i) => Number((i * 31) % 50 === 0));
  const table = { scores, targets, rows, classes };
  return async () => await Promise.resolve([meanAveragePrecision(table), meanRocAuc(table)]);
}

export const scoringSubjects: readonly Subject[] = [
  ...bySizesOfCorpus('scoring', scoring),
  evaluationByClips,
  evaluationByClasses,
  {
    ...{ name: "report's metrics", per: 'clips', sizes: decades(200) },
    prepare: async (clips) => await Promise.resolve(metrics(clips, 52)),
  },
  {
    ...{ name: "report's metrics", per: 'classes', sizes: CLASS_COUNTS },
    prepare: async (classes) => await Promise.resolve(metrics(500, classes)),
  },
];
