/**
 * A report about a run like the demo's, made up by formulas: three teachers, one or two students,
 * 52 classes.
 */
import { encodeWav } from '../../ced/audio/wav-file';
import type { TagScores } from '../../ced/metrics/tag-scores';
import type { StageName } from '../../workflows/contract/status';
import type { ReportData, ReportModel } from '../../report/report-data';
import type { TrainedModel } from '../../workflows/contract/models';
import type { TrainingCurve } from '../../report/training-curve';
import type { WorstClip } from '../../report/worst-clip';
import type { RunAttempt } from '../../report/run-attempt';
import type { ScoredModel } from '../../report/scored-model';

const CLASSES = 52;
const NAMES = [
  'Acoustic grand piano',
  'Violin',
  'Trumpet',
  'Steel drums',
  'Church organ',
  'Hand clap',
  'Snare drum',
  'Flute',
  'Electric bass (finger)',
  'Kick drum',
  'Choir aahs',
];

/** Something like a random number in [0, 1), always the same. */
const noise = (seed: number): number => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;

const apOf = (level: number, shift: number): number[] =>
  Array.from({ length: CLASSES }, (_, index) =>
    Math.min(
      0.99,
      Math.max(
        0.02,
        level * (0.15 + 2.1 * noise(index + 1) ** 1.6) + (noise(index * 7 + shift) - 0.5) * 0.06,
      ),
    ),
  );

const meanOf = (values: number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param quality 0 is the best */
function tags(quality: number, hasThresholds: boolean): TagScores {
  const curve = Array.from({ length: 20 }, (_, index) => ({
    threshold: 1 - (index + 1) / 21,
    precision: 1 - (index / 20) ** 2 * (0.6 + quality / 10),
    recall: (index + 1) / 20,
  }));
  const share = (index: number): number => 0.9 - quality / 10 - index / 100;
  const classes = Array.from({ length: CLASSES }, (_, index) => ({
    ...{ threshold: 0.2 + index / 100, precision: share(index), recall: 1 - share(index) / 2 },
  }));
  return {
    curve,
    classCurves: classes.map(() => curve),
    calibration: {
      error: 0.0123 + quality / 100,
      bins: [0.03, 0.4, 0.9].map((probability) => ({
        count: 100,
        probability,
        share: probability * 0.9,
      })),
    },
    atThresholds: hasThresholds ? { overall: { precision: 0.66, recall: 0.55 }, classes } : null,
  };
}

export function trainedModel(
  name: string,
  parameters: number,
  change: Partial<TrainedModel> = {},
): TrainedModel {
  const model = {
    name,
    sha256: hash(name),
    parameters,
    trainingKey: hash(`training ${name}`),
    bestEpoch: 14,
    validationMAP: 0.301,
    epochs: 16,
    steps: 3000,
  };
  return { ...model, rowsTrained: 48_000, bitExact: true, seconds: 203.4, ...change };
}

export function sampleReport({ students = ['mini'], labelled = true } = {}): ReportData {
  const teacher = (name: string, parameters: number, index: number): ReportModel => {
    const perClass = apOf(0.27, index);
    const scores = labelled ? { mAP: meanOf(perClass), perClass } : { mAP: null, perClass: [] };
    return {
      role: 'teacher',
      name,
      parameters,
      sha256: hash(name),
      weight: 1 / 3,
      ...scores,
      agreement: null,
      trained: null,
    };
  };
  const teachers = [
    teacher('small-a', 482_100, 1),
    teacher('small-b', 482_100, 2),
    teacher('wide', 840_252, 3),
  ];
  const ensemblePerClass = apOf(0.31, 4);
  const ensemble: ReportModel = {
    role: 'ensemble',
    name: 'ensemble',
    parameters: 1_804_452,
    sha256: null,
    weight: null,
    mAP: labelled ? meanOf(ensemblePerClass) : null,
    perClass: labelled ? ensemblePerClass : [],
    agreement: null,
    tags: labelled ? tags(0, false) : null,
    trained: null,
  };
  const learned = students.map((name, index): ReportModel => {
    const perClass = apOf(0.285 - 0.02 * index, 5 + index);
    const trained = trainedModel(name, 221_876 * (index + 1));
    const scores = labelled ? { mAP: meanOf(perClass), perClass } : { mAP: null, perClass: [] };
    return {
      role: 'student',
      name,
      parameters: trained.parameters,
      sha256: trained.sha256,
      weight: null,
      ...scores,
      agreement: { divergence: 0.0213, topMatch: 0.764 },
      spread: { median: 0.0171, ninth: 0.0402, largest: 0.118 },
      worst: worst(labelled),
      tags: labelled ? tags(index + 1, true) : null,
      trained,
    };
  });
  const stages = [
    ['plan', 1.2],
    ['download', 21.5],
    ['gate', 18.2],
    ['logits', 171.9],
    ['distill', 203.4],
    ['evaluate', 4.1],
  ] as const;
  return {
    kind: 'distill',
    result: {
      formatVersion: 1,
      run: 'instruments',
      workflowId: 'instruments',
      teachers: teachers.map(({ name, parameters, mAP }) => ({ name, parameters, mAP })),
      ensemble: { mAP: ensemble.mAP },
      students: learned.map(({ name, parameters, mAP, agreement, sha256 }) => ({
        name,
        parameters: parameters ?? 0,
        mAP,
        agreement,
        checkpoint: `models/${sha256}`,
        sha256: sha256 ?? '',
        bitExact: true,
      })),
      logits: {
        key: hash('logits'),
        rows: 24_000,
        views: 8,
        bytes: 938_400,
        pcmBytes: 384_000_000,
      },
      rejected: 3,
      stages: stages.map(([name, seconds]) => ({ name, seconds })),
    },
    workflowRunId: '0197a3f2-6e0c-7d51-9d5f-0b7c3f1f2a44',
    planKey: hash('plan'),
    models: [...teachers, ensemble, ...learned],
    evalClips: 800,
    classes: labelled
      ? Array.from({ length: CLASSES }, (_, index) => ({
          name:
            (NAMES[index % NAMES.length] ?? '') +
            (index < NAMES.length ? '' : ` ${Math.floor(index / NAMES.length) + 1}`),
          positives: 9 + Math.floor(noise(index + 90) * 40),
        }))
      : [],
    scored: scoredModels([...teachers, ...learned], labelled),
    curves: students.map(curve),
    ensembleValidationMAP: labelled ? 0.342 : null,
    splits: [
      {
        split: 'train',
        shards: 6,
        clips: 2998,
        chunks: 2998,
        samples: 192_000_000,
        rejected: 2,
        labelled: true,
      },
      {
        split: 'validation',
        shards: 1,
        clips: 400,
        chunks: 400,
        samples: 25_600_000,
        rejected: 0,
        labelled,
      },
      {
        split: 'eval',
        shards: 2,
        clips: 800,
        chunks: 800,
        samples: 51_200_000,
        rejected: 1,
        labelled,
      },
    ],
    attempts: sampleAttempts(),
    versions: { ced: '0.1.0', node: '20.19.0', temporal: '1.24.0' },
    rejected: [
      {
        kind: 'no such file',
        count: 2,
        examples: [
          {
            split: 'train',
            clip: 'fluid-00017',
            reason: 'no such file: /data/train/fluid-00017.flac',
          },
          {
            split: 'train',
            clip: 'fluid-00018',
            reason: 'no such file: /data/train/fluid-00018.flac',
          },
        ],
      },
      {
        kind: 'tooShort',
        count: 1,
        examples: [
          {
            split: 'eval',
            clip: 'tim-00311',
            reason: 'tooShort: 12 samples at 16 kHz; the front end needs 257',
          },
        ],
      },
    ],
    runFile: {
      name: 'instruments',
      store: 'runs/instruments',
      corpus: { train: 'data/train.jsonl', vocabulary: 'data/labels.csv' },
      students: students.map((name) => ({ name, epochs: 16, batchSize: 16, learningRate: 0.002 })),
    },
  };
}

/** The models of the run, and one of an earlier run that learned from labels. */
function scoredModels(models: readonly ReportModel[], labelled: boolean): ScoredModel[] {
  const scored = models.map(({ role, name, sha256, mAP, parameters: size }): ScoredModel => {
    const parameters = size ?? 0;
    return {
      ...{ sha256: sha256 ?? '', name, isOwn: true, mAP, parameters },
      kind: role === 'teacher' ? 'teacher' : 'student',
      weights: { float32: 4 * parameters, int8: Math.round(1.04 * parameters) },
      operations: 290.5 * parameters,
      latency: { milliseconds: parameters / 14_100, audioSeconds: 4, processor: 'a processor' },
    };
  });
  const last = scored.at(-1)!;
  const baseline = { name: 'earlier/mini-labels', kind: 'labels', isOwn: false } as const;
  return labelled
    ? [...scored, { ...last, ...baseline, sha256: hash('baseline'), mAP: 0.21 }]
    : scored;
}

/** Ten clips that sound: a second of silence with a click in its middle. */
function worst(labelled: boolean): WorstClip[] {
  return Array.from({ length: 10 }, (_, index) => ({
    clip: `tim-${String(index * 37).padStart(5, '0')}`,
    wrongness: 9.1 - 0.4 * index,
    labels: labelled ? [{ name: NAMES[index % NAMES.length] ?? '', probability: 0.02 }] : null,
    student: [1, 2, 3].map((rank) => ({
      name: NAMES[(index + rank) % NAMES.length] ?? '',
      probability: 0.9 / rank,
    })),
    ensemble: [2, 3, 4].map((rank) => ({
      name: NAMES[(index + rank) % NAMES.length] ?? '',
      probability: 0.8 / rank,
    })),
    seconds: 4,
    wav: encodeWav(
      Int16Array.from({ length: 16_000 }, (__, at) => (at === 8000 ? 20_000 : 0)),
    ).toString('base64'),
  }));
}

/** A run with a lost, a failed and a stopped attempt. */
function sampleAttempts(): RunAttempt[] {
  const START_MS = 1_790_000_000_000;
  const attempt = (
    stage: StageName,
    activity: string,
    [what, number, fromSeconds, toSeconds]: [string, number, number, number],
    change: Partial<RunAttempt> = {},
  ): RunAttempt => ({
    stage,
    activity,
    activityId: `${activity} ${what}`,
    attempt: number,
    what,
    worker: stage === 'plan' || stage === 'download' ? '4711@corvus' : '4712@corvus',
    gpu: stage !== 'plan' && stage !== 'download',
    scheduledMs: START_MS + fromSeconds * 1000 - 150,
    startedMs: START_MS + fromSeconds * 1000,
    endedMs: START_MS + toSeconds * 1000,
    outcome: 'done',
    failure: null,
    reused: false,
    ...change,
  });
  return [
    attempt('plan', 'importModels', ['', 1, 0.2, 0.7]),
    attempt('plan', 'planCorpus', ['', 1, 0.8, 1.3]),
    ...Array.from({ length: 6 }, (_, shard) =>
      attempt('download', 'ingestShard', [
        `train shard ${shard}`,
        1,
        1.4 + 6 * Math.floor(shard / 2),
        7 + 6 * Math.floor(shard / 2),
      ]),
    ),
    attempt('gate', 'scoreModel', ['small-a on eval', 1, 23, 29], { reused: true }),
    attempt('gate', 'scoreModel', ['wide on eval', 1, 29, 41]),
    attempt('logits', 'computeLogits', ['shard 0', 1, 41, 80], {
      outcome: 'failed',
      failure: "EngineLost: the engine's process ended (SIGKILL)",
    }),
    attempt('logits', 'computeLogits', ['shard 0', 2, 82, 140]),
    attempt('logits', 'computeLogits', ['shard 1', 1, 140, 213]),
    attempt('distill', 'trainModel', ['mini', 1, 213, 290], { outcome: 'lost' }),
    attempt('distill', 'trainModel', ['mini', 2, 321, 360], { outcome: 'stopped' }),
    attempt('distill', 'trainModel', ['mini', 3, 365, 416]),
    attempt('evaluate', 'scoreModel', ['mini on eval', 1, 416, 420]),
  ];
}

function curve(name: string, index: number): TrainingCurve {
  const lossAt = (step: number): number =>
    0.09 + (0.2 + 0.02 * index) * Math.exp(-step / (500 + 200 * index));
  const steps = Array.from({ length: 300 }, (_, at) => {
    const step = at * 10;
    return {
      step,
      loss: lossAt(step) * (0.9 + 0.2 * noise(step + index)),
      learningRate:
        0.002 * Math.min(1, (step + 1) / 200, 0.55 + 0.45 * Math.cos((Math.PI * step) / 3000)),
    };
  });
  const epochs = Array.from({ length: 16 }, (_, at) => {
    const validated = (at + 1) % 2 === 0;
    return {
      epoch: at + 1,
      step: (at + 1) * 187.5,
      loss: lossAt(at * 187.5),
      mAP: validated ? 0.31 - 0.25 * Math.exp(-at / 4) - 0.02 * index + 0.01 * noise(at) : null,
    };
  });
  return {
    name,
    steps,
    epochs,
    engine: {
      tensorflow: '2.21.0',
      device: 'cpu',
      instructionCap: 'AVX512_CORE',
      intraOpThreads: 2,
      numericsVersion: 1,
    },
  };
}

function hash(seed: string): string {
  let text = '';
  for (let index = 0; text.length < 64; index++)
    text += Math.floor(noise(index + seed.length + (seed.codePointAt(0) ?? 0)) * 16).toString(16);
  return text;
}
