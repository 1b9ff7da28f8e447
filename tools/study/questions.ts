/**
 * The paper's claims in our words (https://arxiv.org/abs/2308.11957), and the arms that test them
 * here.
 */
import type { RunResult } from '../../workflows/contract/activities';
import {
  CLASSES,
  distilled,
  distilledOnMore,
  shipped,
  SIZES,
  STORE,
  trainedFromLabels,
  trainedAsTeacher,
  VIEWS,
  type StudentSettings,
} from './base-run';
import { CLAIMS, OTHERWISE } from './claims';
import { UNLABELLED_CORPUS } from './corpora';
import type { Arm, Question, RunInput } from './experiment';
import { demoQuestions } from './demo-questions';
import { realQuestions } from './real-questions';

const arm = (id: string, label: string, run: (seed: number) => RunInput): Arm => ({
  id,
  label,
  make: (seed) => ({ type: 'distill', run: run(seed) }),
});

const base = arm('base', 'the base: ensemble, consistent, 16 views, top 20, 0.34 M', (seed) =>
  distilled(seed),
);

/** The arm that is trained on the shipped teachers' own clips. */
export const PEER = 'peer';
const peer: Arm = {
  id: PEER,
  label: 'a teacher of the student’s size',
  make: (seed) => ({ type: 'teach', run: trainedAsTeacher(seed) }),
};

const fromPeer = (id: string, label: string, settings: StudentSettings = {}): Arm => ({
  id,
  label,
  needs: peer,
  make: (seed, needed) => ({
    type: 'distill',
    run: distilled(seed, settings, {
      teachers: [{ name: 'peer', checkpoint: checkpointOf(needed), format: 'ced' }],
    }),
  }),
});

const fromLabels: Arm = {
  id: 'labels',
  label: 'from labels',
  make: (seed) => ({ type: 'teach', run: trainedFromLabels(seed) }),
};

const ensembleTeaches = {
  claim:
    'An ensemble teaches better than each of its members, and better than a teacher of the ' +
    'student’s own size.',
  otherwise: OTHERWISE.ensemble,
};

/** Arms that agree after sixteen epochs may differ when the student is close to its teachers. */
const LONG = { epochs: 40 };
const long = arm('long', 'the base, 2.5 times as long', (seed) => distilled(seed, LONG));

const alone = (name: 'alto' | 'brio' | 'coda'): Arm =>
  arm(`from-${name}`, `from ${name} alone`, (seed) =>
    distilled(seed, {}, { teachers: [shipped(name)] }),
  );
const student = (id: string, words: string, settings: StudentSettings): Arm =>
  arm(id, words, (seed) => distilled(seed, settings));
const views = (count: number): Arm =>
  arm(`views-${count}`, `${count} of ${VIEWS} views`, (seed) => distilled(seed, { views: count }));
const topK = (count: number): Arm =>
  arm(
    `top-${count}`,
    count === CLASSES ? `all ${CLASSES} classes` : `top ${count} of ${CLASSES} classes`,
    (seed) => distilled(seed, { topK: count }),
  );
const size = (name: keyof typeof SIZES, words: string): Arm =>
  arm(`size-${name}`, words, (seed) => distilled(seed, { model: SIZES[name] }));
const audio = (times: 2 | 4): Arm =>
  arm(`audio-${times}x`, `${times} × the audio, as many steps`, (seed) =>
    distilledOnMore(seed, times),
  );

/** @param folder of the two published networks, from the repository's root */
export function questions(folder: string): Question[] {
  return [
    ...demoQuestions,
    {
      id: 'consistent',
      title: 'Consistent against inconsistent teaching',
      claim: CLAIMS.consistent,
      reference: base,
      comparisons: [
        {
          arm: arm('inconsistent', 'the student draws its own augmentation', (seed) =>
            distilled(seed, { consistent: false }),
          ),
          expected: 'higher',
        },
      ],
      otherwise:
        'Under masks this narrow the teachers’ outputs hardly change, so the replayed ' +
        'augmentation differs little from a fresh draw, which regularises. Test masks as wide ' +
        'as the paper’s and a longer training.',
      measure: 'mAP',
    },
    {
      id: 'labels',
      title: 'Distilled against trained from labels',
      claim: CLAIMS.labels,
      reference: base,
      comparisons: [{ arm: fromLabels, expected: 'higher' }],
      otherwise:
        'Labels here are exact: the renderer knows the instruments. Test label noise as in ' +
        'AudioSet.',
      measure: 'mAP',
    },
    {
      id: 'ensemble',
      title: 'The ensemble against each teacher alone',
      ...ensembleTeaches,
      reference: base,
      comparisons: [
        ...(['alto', 'brio', 'coda'] as const).map((name) => ({
          arm: alone(name),
          expected: 'higher' as const,
        })),
        {
          arm: fromPeer('from-peer', 'from a teacher of its own size (0.34 M)'),
          expected: 'higher',
        },
      ],
      measure: 'mAP',
    },
    {
      id: 'ensemble-long',
      title: 'The ensemble after 2.5 times the steps',
      ...ensembleTeaches,
      reference: long,
      comparisons: [
        {
          arm: fromPeer(
            'from-peer-long',
            'from a teacher of its own size, 2.5 times as long',
            LONG,
          ),
          expected: 'higher',
        },
        {
          arm: arm('from-coda-long', 'from coda alone, 2.5 times as long', (seed) =>
            distilled(seed, LONG, { teachers: [shipped('coda')] }),
          ),
          expected: 'higher',
        },
      ],
      measure: 'mAP',
    },
    {
      id: 'views',
      title: 'How many views',
      claim: CLAIMS.views,
      reference: base,
      comparisons: [
        { arm: views(1), expected: 'higher' },
        { arm: views(4), expected: 'not lower' },
      ],
      otherwise:
        'Sixteen epochs repeat a view sixteen times at most. Test longer trainings, in which a ' +
        'student memorises repeated views.',
      measure: 'mAP',
      bytes: true,
    },
    {
      id: 'views-long',
      title: 'Views after 2.5 times the steps',
      claim: 'More stored views teach better: a student memorises repeated views.',
      reference: long,
      comparisons: [
        {
          arm: arm('views-1-long', `1 of ${VIEWS} views, 2.5 times as long`, (seed) =>
            distilled(seed, { ...LONG, views: 1 }),
          ),
          expected: 'higher',
        },
      ],
      otherwise:
        'A small student cannot memorise 1,500 clips. Test a larger student, or fewer clips.',
      measure: 'mAP',
      bytes: true,
    },
    {
      id: 'top-k',
      title: 'How many probabilities of each',
      claim: CLAIMS.topK,
      reference: base,
      comparisons: [
        { arm: topK(1), expected: 'higher' },
        { arm: topK(5), expected: 'not lower' },
        { arm: topK(CLASSES), expected: 'not lower' },
      ],
      otherwise: OTHERWISE.topK,
      measure: 'mAP',
      bytes: true,
    },
    {
      id: 'size',
      title: 'How small a student',
      claim:
        'A student of a small fraction of the ensemble’s size comes close to it (10 M of ' +
        'several hundred: 49.0 of 50.1 mAP).',
      reference: base,
      comparisons: [
        { arm: size('smallest', 'a student of 0.1 M'), expected: 'higher' },
        { arm: size('alto', 'a student of 0.65 M'), expected: 'open' },
        { arm: size('coda', 'a student of 1.05 M, like the largest teacher'), expected: 'open' },
      ],
      otherwise: 'Small students need longer. Test the same table at four times the epochs.',
      measure: 'mAP',
    },
    {
      id: 'settings',
      title: 'What else a short training turns on',
      claim:
        'The paper trains long, at 1e-3 falling to a tenth, with mixup on the small corpus and ' +
        'none on the large; it leaves open what a training of minutes needs.',
      reference: base,
      comparisons: [
        {
          arm: student('decay', 'a learning rate that falls to a fiftieth', {
            finalLearningRateFraction: 0.02,
          }),
          expected: 'open',
        },
        {
          arm: student('rate-high', 'a learning rate of 4e-3', { learningRate: 4e-3 }),
          expected: 'open',
        },
        { arm: student('mixup', 'mixup 0.5', { mixup: 0.5 }), expected: 'open' },
        {
          arm: student('small-batch', 'batches of 8, twice the steps', { batchSize: 8 }),
          expected: 'open',
        },
        {
          arm: student('weight-decay', 'weight decay 0.05', { weightDecay: 0.05 }),
          expected: 'open',
        },
        {
          arm: student('averaged', 'the best three of every second epoch averaged', {
            averageBest: 3,
          }),
          expected: 'open',
        },
        {
          arm: student('seldom', 'the best three of every fourth epoch averaged', {
            validateEvery: 4,
            averageBest: 3,
          }),
          expected: 'open',
        },
        {
          arm: student('wide', 'as many parameters in three wider blocks', { model: SIZES.wide }),
          expected: 'open',
        },
      ],
      otherwise: '',
      measure: 'mAP',
    },
    {
      id: 'audio',
      title: 'More audio without labels',
      claim:
        'The method reads no label, so any audio can be added; the paper itself trains on ' +
        'AudioSet alone.',
      reference: audio(4),
      comparisons: [
        { arm: audio(2), expected: 'not lower' },
        { arm: base, expected: 'higher' },
      ],
      otherwise:
        'In the same number of steps, other clips are worth little more than other views of ' +
        'the same clips. Test more steps.',
      measure: 'mAP',
    },
    {
      id: 'foreign',
      title: 'Teachers trained elsewhere',
      claim: 'Any ensemble works: the method does not depend on the origin of its teachers.',
      reference: arm('foreign', 'student of two published networks', (seed) =>
        foreign(seed, folder),
      ),
      comparisons: [
        {
          arm: arm('foreign-short', 'the same after a quarter of the steps', (seed) =>
            foreign(seed, folder, 4),
          ),
          expected: 'higher',
        },
      ],
      otherwise:
        'The student does not follow its teachers yet. Test more steps, or more of the music ' +
        'these teachers know.',
      measure: 'agreement',
    },
    ...realQuestions,
  ];
}

/**
 * MagnaTagATune taggers on the demo's clips. The clips have no labels of these classes, so the
 * measure is agreement with the taggers on held-out clips.
 */
function foreign(seed: number, folder: string, epochs = 16): RunInput {
  const vocabulary = `${folder}/mtt_labels.csv`;
  const network = (name: string, file: string) =>
    ({
      name,
      checkpoint: `${folder}/${file}`,
      format: 'onnx',
      output: 'probabilities',
      vocabulary,
      spectrogramMasks: 'skip',
    }) as const;
  const teachers = [
    network('musicnn', 'wave_MTT_musicnn.onnx'),
    network('vgg', 'wave_MTT_vgg.onnx'),
  ];
  const run = distilled(seed, { epochs }, { teachers, logits: { views: 4, topK: 20 } });
  return { ...run, corpus: { ...run.corpus, ...UNLABELLED_CORPUS, vocabulary } };
}

function checkpointOf(result: RunResult | null): string {
  const model = result?.students[0];
  if (!model) throw new Error('the teacher this arm needs was not trained');
  return `${STORE}/models/${model.sha256}`;
}
