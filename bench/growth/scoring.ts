/** Scoring a split, and the metrics that the report computes of its scores. */
import { meanAveragePrecision, meanRocAuc } from '../../ced/metrics/mean-average-precision';
import { scoreClips } from '../../jobs/score/score-clips';
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
  {
    ...{ name: "report's metrics", per: 'clips', sizes: decades(200) },
    prepare: async (clips) => await Promise.resolve(metrics(clips, 52)),
  },
  {
    ...{ name: "report's metrics", per: 'classes', sizes: CLASS_COUNTS },
    prepare: async (classes) => await Promise.resolve(metrics(500, classes)),
  },
];
