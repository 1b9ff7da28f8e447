/**
 * The questions that a training of minutes leaves open, asked of the demo's own run: 8,272 steps on
 * 3,000 clips, after which the student is near its teachers. Each arm changes one setting of
 * examples/instruments/distill.json. Teachers predict 44 views, one an epoch, and an arm with fewer
 * reads the first of them.
 */
import {
  AUGMENT,
  CHUNK_SECONDS,
  CLASSES,
  ENSEMBLE,
  shipped,
  SIZES,
  STORE,
  TRAINING,
  type StudentSettings,
} from './base-run';
import { CLAIMS, OTHERWISE } from './claims';
import { COMMON_CORPUS } from './corpora';
import type { Arm, Question, RunInput, TeachInput } from './experiment';

const VIEWS = 44;
const EPOCHS = 44;
const corpus = { ...COMMON_CORPUS, train: 'data/instruments/train.jsonl' };
const training = { epochs: EPOCHS, ...TRAINING, warmupSteps: 300, averageBest: 2 };

function distilled(
  seed: number,
  student: StudentSettings,
  teachers: RunInput['teachers'] = ENSEMBLE,
): RunInput {
  return {
    store: STORE,
    corpus,
    teachers,
    logits: { views: VIEWS, topK: CLASSES, chunkSeconds: CHUNK_SECONDS, augment: AUGMENT },
    students: [
      { name: 'student', model: SIZES.wide, views: 4, topK: 20, seed, ...training, ...student },
    ],
  };
}

function fromLabels(seed: number): TeachInput {
  const student = { name: 'student', model: SIZES.wide, seed, ...training };
  return {
    ...{ store: STORE, corpus, chunkSeconds: CHUNK_SECONDS, augment: AUGMENT },
    teachers: [student],
  };
}

const arm = (
  id: string,
  label: string,
  student: StudentSettings = {},
  teachers?: RunInput['teachers'],
): Arm => ({
  id: `demo-${id}`,
  label: `demo: ${label}`,
  make: (seed) => ({ type: 'distill', run: distilled(seed, student, teachers) }),
});

const demo: Arm = {
  ...arm('base', 'ensemble, consistent, 4 views, top 20, 0.34 M'),
  id: 'demo',
};
const inconsistent = (views: number): Arm =>
  arm(`inconsistent-${views}`, `${views} views, the student draws its own augmentation`, {
    views,
    consistent: false,
  });
const views = (count: number): Arm => arm(`views-${count}`, `${count} views`, { views: count });
const labels: Arm = {
  id: 'demo-labels',
  label: 'demo: from labels',
  make: (seed) => ({ type: 'teach', run: fromLabels(seed) }),
};

const all = views(VIEWS);

export const demoQuestions: readonly Question[] = [
  {
    id: 'demo-consistent',
    title: 'Consistent against inconsistent teaching, in the demo',
    claim: CLAIMS.consistent,
    reference: demo,
    comparisons: [{ arm: inconsistent(4), expected: 'higher' }],
    otherwise:
      'Each of four views is repeated eleven times, and fresh augmentation keeps the student ' +
      'from memorising them. Compare with the same question at more views.',
    measure: 'mAP',
  },
  {
    id: 'demo-consistent-44',
    title: 'Consistent against inconsistent teaching, with a view for each epoch',
    claim: CLAIMS.consistent,
    reference: all,
    comparisons: [{ arm: inconsistent(VIEWS), expected: 'higher' }],
    otherwise: 'Test masks as wide as the paper’s, and longer trainings.',
    measure: 'mAP',
  },
  {
    id: 'demo-labels',
    title: 'Distilled against trained from labels, in the demo',
    claim: CLAIMS.labels,
    reference: demo,
    comparisons: [{ arm: labels, expected: 'higher' }],
    otherwise: 'Labels here are exact: the renderer knows the instruments.',
    measure: 'mAP',
  },
  {
    id: 'demo-views',
    title: 'Views against repeats',
    claim: CLAIMS.views,
    reference: all,
    comparisons: [
      { arm: demo, expected: 'higher' },
      { arm: views(8), expected: 'open' },
      { arm: views(16), expected: 'not lower' },
    ],
    otherwise:
      'A student this small does not memorise 3,000 clips within eleven repeats of a view. Test ' +
      'a larger student, or fewer clips.',
    measure: 'mAP',
  },
  {
    id: 'demo-ensemble',
    title: 'The ensemble against its best member, in the demo',
    claim: CLAIMS.ensemble,
    reference: demo,
    comparisons: [
      {
        arm: arm('from-coda', 'from coda alone', {}, [shipped('coda')]),
        expected: 'higher',
      },
    ],
    otherwise: OTHERWISE.ensemble,
    measure: 'mAP',
  },
  {
    id: 'demo-settings',
    title: 'What a training of minutes gains from its settings',
    claim:
      'The paper trains for hundreds of epochs; it leaves open which settings a training of ' +
      'minutes needs.',
    reference: demo,
    comparisons: [
      {
        arm: arm('rate-4e-3', 'a learning rate of 4e-3', { learningRate: 4e-3 }),
        expected: 'open',
      },
      { arm: arm('mixup', 'mixup 0.5', { mixup: 0.5 }), expected: 'open' },
      {
        arm: arm('ema', 'a moving average of the weights', { averaging: 'ema', averageBest: 1 }),
        expected: 'open',
      },
      { arm: arm('best-1', 'the best epoch alone', { averageBest: 1 }), expected: 'open' },
      {
        arm: arm('last-half', 'unseenFill lastHalf', { unseenFill: 'lastHalf' }),
        expected: 'open',
      },
      {
        arm: arm('decay', 'a learning rate that falls to a fiftieth', {
          finalLearningRateFraction: 0.02,
        }),
        expected: 'open',
      },
    ],
    otherwise: '',
    measure: 'mAP',
  },
  {
    id: 'demo-steps',
    title: 'Twice and four times the steps',
    claim: 'A student with soft targets goes on learning: the paper trains for hundreds of epochs.',
    reference: arm('4x', 'four times the steps', { epochs: 4 * EPOCHS }),
    comparisons: [
      { arm: arm('2x', 'twice the steps', { epochs: 2 * EPOCHS }), expected: 'not lower' },
      { arm: demo, expected: 'higher' },
    ],
    otherwise: 'The student is limited by its teachers, its size or its clips.',
    measure: 'mAP',
  },
  {
    id: 'demo-top-k',
    title: 'How many probabilities of each, in the demo',
    claim: CLAIMS.topK,
    reference: demo,
    comparisons: [
      { arm: arm('top-1', 'top 1 of 52 classes', { topK: 1 }), expected: 'higher' },
      { arm: arm('top-5', 'top 5 of 52 classes', { topK: 5 }), expected: 'not lower' },
      { arm: arm('top-52', 'all 52 classes', { topK: CLASSES }), expected: 'not lower' },
    ],
    otherwise: OTHERWISE.topK,
    measure: 'mAP',
  },
];
