/**
 * The runs of the example. For each draw of labelled clips a teacher is trained, from the general
 * teacher's checkpoint or from random weights, and then a student of a third of its size learns
 * from it on unlabelled audio.
 */
import { STORE } from '../study/base-run';
import type { Arm } from '../study/experiment';
import { FAMILIES } from './families';
import { TABLES, trainTable } from './tables';

export type Start = 'checkpoint' | 'scratch';

const GENERAL = 'examples/instruments/teachers/coda';
/** As the general teacher. */
const TEACHER = { embedDim: 144, depth: 4, heads: 4 };
const STUDENT = { embedDim: 80, depth: 4, heads: 4 };
const CHUNK_SECONDS = 4;
const BATCH = 16;
const TEACHER_STEPS = 400;
const STUDENT_EPOCHS = 12;
const VIEWS = 4;
const common = {
  ...{ batchSize: BATCH, mixup: 0, earlyStop: 0, averageBest: 1, checkpointSeconds: 60 },
};
const augment = { timeMask: { maxFrames: 60 }, freqMask: { maxBins: 16 } };
const { validation, eval: evaluation, vocabulary } = TABLES;
const labelled = { validation, eval: evaluation, vocabulary };

export interface Draw {
  clipsPerClass: number;
  seed: number;
  /** Clips of its table. */
  clips: number;
  /** A tenth of the steps: to see that everything works, not for its scores. */
  isShort: boolean;
}

export function teacherArm({ clipsPerClass, seed, clips, isShort }: Draw, start: Start): Arm {
  const steps = isShort ? TEACHER_STEPS / 10 : TEACHER_STEPS;
  const epochs = Math.max(1, Math.round(steps / Math.ceil(clips / BATCH)));
  const rates =
    start === 'checkpoint'
      ? { init: GENERAL, learningRate: 5e-4, headLearningRateFactor: 4, layerDecay: 0.75 }
      : { learningRate: 2e-3 };
  return {
    id: `own-${start}-${clipsPerClass}-${seed}`,
    label: `teacher from ${start}, ${clipsPerClass} clips a class, draw ${seed}`,
    make: () => ({
      type: 'teach',
      run: {
        store: STORE,
        corpus: { train: trainTable(clipsPerClass, seed), ...labelled },
        ...{ chunkSeconds: CHUNK_SECONDS, augment },
        teachers: [
          {
            ...{ name: 'teacher', model: TEACHER, epochs, warmupSteps: steps / 10, seed },
            ...{ validateEvery: Math.max(1, Math.floor(epochs / 8)), ...common, ...rates },
          },
        ],
      },
    }),
  };
}

export function studentArm(draw: Draw, start: Start): Arm {
  const { clipsPerClass, seed, isShort } = draw;
  return {
    id: `own-student-${start}-${clipsPerClass}-${seed}`,
    label: `student of the teacher from ${start}, ${clipsPerClass} clips a class, draw ${seed}`,
    needs: teacherArm(draw, start),
    make: (_seed, needed) => ({
      type: 'distill',
      run: {
        store: STORE,
        corpus: { train: TABLES.unlabelled, ...labelled },
        teachers: [
          {
            ...{ name: 'teacher', format: 'ced' as const },
            checkpoint: `${STORE}/${needed?.students[0]?.checkpoint ?? ''}`,
          },
        ],
        logits: {
          views: isShort ? 1 : VIEWS,
          topK: FAMILIES.length,
          chunkSeconds: CHUNK_SECONDS,
          augment,
        },
        students: [
          {
            ...{ name: 'student', model: STUDENT, learningRate: 2e-3, seed },
            ...{ epochs: isShort ? 1 : STUDENT_EPOCHS, warmupSteps: isShort ? 10 : 100 },
            ...{ validateEvery: 2, ...common },
          },
        ],
      },
    }),
  };
}
