/**
 * The first three questions once more, on real recordings (examples/game-sounds): whether what
 * holds for rendered instruments holds there. Its teachers are trained by the study itself.
 */
import { linkGameSounds } from '../../cli/run/game-sounds';
import type { RunResult } from '../../workflows/contract/activities';
import { AUGMENT, CHUNK_SECONDS, SIZES, STORE, TRAINING } from './base-run';
import { CLAIMS } from './claims';
import type { Arm, ArmRun, Question, RunInput, TeachInput } from './experiment';

const corpus = {
  train: 'data/game-sounds/train.jsonl',
  validation: 'data/game-sounds/validation.jsonl',
  eval: 'data/game-sounds/eval.jsonl',
  vocabulary: 'data/game-sounds/vocabulary.csv',
};
const VIEWS = 8;
/** 40 epochs of 3,600 clips: 9,000 steps. */
const training = { epochs: 40, ...TRAINING, warmupSteps: 500 };
/** Names, shapes and rates of examples/game-sounds/teach.json. */
const TEACHERS = [
  { name: 'alto', model: { embedDim: 112, depth: 4, heads: 4 }, seed: 11, learningRate: 2e-3 },
  { name: 'brio', model: { embedDim: 112, depth: 5, heads: 4 }, seed: 12, learningRate: 2e-3 },
  { name: 'coda', model: { embedDim: 144, depth: 4, heads: 4 }, seed: 13, learningRate: 1.5e-3 },
];

function trainedFromLabels(teachers: TeachInput['teachers']): ArmRun {
  return {
    type: 'teach',
    run: { store: STORE, corpus, chunkSeconds: CHUNK_SECONDS, augment: AUGMENT, teachers },
  };
}

const ensemble: Arm = {
  id: 'real-teachers',
  label: 'three teachers, trained from labels',
  make: () => trainedFromLabels(TEACHERS.map((each) => ({ ...training, averageBest: 3, ...each }))),
};

type TeacherName = 'alto' | 'brio' | 'coda';

/** @param names of the teachers; null = all */
const distilledFrom = (
  id: string,
  label: string,
  { only, ...student }: { only?: TeacherName; consistent?: boolean } = {},
): Arm => ({
  id,
  label,
  needs: ensemble,
  make: (seed, needed) => ({
    type: 'distill',
    run: {
      store: STORE,
      corpus,
      teachers: teachersOf(needed).filter(({ name }) => only === undefined || name === only),
      logits: { views: VIEWS, topK: 20, chunkSeconds: CHUNK_SECONDS, augment: AUGMENT },
      students: [{ name: 'student', model: SIZES.student, seed, ...training, ...student }],
    },
  }),
});

function teachersOf(result: RunResult | null): NonNullable<RunInput['teachers']> {
  if (result === null) throw new Error('the teachers of the real recordings were not trained');
  return result.students.map(({ name, sha256 }) => ({
    name,
    checkpoint: `${STORE}/models/${sha256}`,
    format: 'ced',
  }));
}

const base = distilledFrom('real', 'real recordings: ensemble, consistent, 8 views, 0.34 M');

const otherwise =
  'The recordings differ from the rendered instruments in kind and number. Compare with the same ' +
  'question there, and test longer trainings.';

export const realQuestions: readonly Question[] = [
  {
    id: 'real-consistent',
    title: 'Consistent against inconsistent teaching, on real recordings',
    claim: CLAIMS.consistent,
    reference: base,
    comparisons: [
      {
        arm: distilledFrom('real-inconsistent', 'real: the student draws its own augmentation', {
          consistent: false,
        }),
        expected: 'higher',
      },
    ],
    otherwise,
    measure: 'mAP',
  },
  {
    id: 'real-labels',
    title: 'Distilled against trained from labels, on real recordings',
    claim: CLAIMS.labels,
    reference: base,
    comparisons: [
      {
        arm: {
          id: 'real-from-labels',
          label: 'real: from labels',
          make: (seed) =>
            trainedFromLabels([{ name: 'student', model: SIZES.student, seed, ...training }]),
        },
        expected: 'higher',
      },
    ],
    otherwise,
    measure: 'mAP',
  },
  {
    id: 'real-ensemble',
    title: 'The ensemble against each teacher alone, on real recordings',
    claim: CLAIMS.ensemble,
    reference: base,
    comparisons: (['alto', 'brio', 'coda'] as const).map((only) => ({
      arm: distilledFrom(`real-${only}`, `real: from ${only} alone`, { only }),
      expected: 'higher' as const,
    })),
    otherwise,
    measure: 'mAP',
  },
];

/** Builds the corpus of these questions where one of them is asked. */
export async function prepareRealRecordings(
  root: string,
  asked: readonly Question[],
): Promise<void> {
  if (asked.some(({ id }) => realQuestions.some((real) => real.id === id)))
    await linkGameSounds(root);
}
