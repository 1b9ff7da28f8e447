/**
 * What workflows and activities send each other. Payloads are references into the store plus
 * counts, always far below 100 KB: the truth is in the store (design, invariants 1 and 8).
 */
import { z } from 'zod';
import type { GroupState } from './live-progress';
import { rungSchema, type Rung } from './halving';
import {
  promotionSchema,
  type Champion,
  type CompareInput,
  type Comparison,
  type FindChampionInput,
  type FindEvaluationInput,
  type FoundEvaluation,
  type Overtaken,
  type PromoteInput,
  type Promotion,
} from './promotion';
import { hintSchema, type Hint } from './hints';
import type { CompareWithLabelsInput, LabelsComparison } from './labels-comparison';
import type {
  Augment,
  Corpus,
  LogitsSettings,
  ModelShape,
  Student,
  Teacher,
  TeacherTraining,
} from './run-file-sections';
import type {
  EpochMeasure,
  Split,
  ModelReference,
  EnsembleMember,
  ScoredReference,
  TrainedModel,
} from './models';
import type { RunOrigin } from './run-origin';
import { selectionSchema } from './selection';
import type {
  AcceptedTeacher,
  AcceptTeacherInput,
  CheckedProbe,
  CheckProbeInput,
  RequireClassesInput,
  ScoreOutputsInput,
  WriteRowsInput,
  WrittenRows,
} from './teacher-worker';

export interface PlanInput {
  store: string;
  corpus: Corpus;
  chunkSeconds: number;
  /**
   * Name of a run whose last plan is extended: clips keep their shards, new clips fill new shards.
   * Absent: the table is cut afresh.
   */
  continues?: string;
  /** `ignored`: the run reads no labels of train, so unknown ones reject no clip. @default read */
  trainLabels?: 'read' | 'ignored';
  /** Absent: the client did not say it. */
  origin?: RunOrigin;
}
export interface PlannedSplit {
  shards: number;
  clips: number;
  /** Rows of the table that could not be used at all. */
  rejected: number;
  /** Of the clips, those with labels; absent in histories of earlier versions. */
  labelled?: number;
}
export interface Plan {
  planKey: string;
  classes: number;
  splits: Record<Split, PlannedSplit | null>;
  /** What was adapted or passed over in the tables, a sentence each; absent = nothing. */
  notes?: string[];
  /** What the labels of train say; absent = nothing, and in earlier histories. */
  hints?: Hint[];
}

export interface ImportModelsInput {
  store: string;
  vocabulary: string;
  teachers: Teacher[];
  inits: StartingCheckpoint[];
  /** Of the run; absent in histories of earlier versions. */
  chunkSeconds?: number;
  /**
   * `promote.champion`, and the students that start from it. It is looked at alone: which model it
   * is is asked again when they start. Absent = none does, or as above.
   */
  champion?: { place: string; students: Required<Pick<StartingCheckpoint, 'field' | 'model'>>[] };
  /** Checkpoint that learned from labels alone; absent = none, as in earlier histories. */
  fromLabels?: string;
  /** Absent: the client did not say it, or this is a repair. */
  origin?: RunOrigin;
}
/** A checkpoint that a model starts from. */
export interface StartingCheckpoint {
  /** Names it in errors. */
  field: string;
  checkpoint: string;
  /** Of the model; absent in histories of earlier versions, where only training compared them. */
  model?: ModelShape;
}
export interface ImportedModels {
  teachers: EnsembleMember[];
  inits: Record<string, ModelReference>;
  /** What was adapted, a sentence each; absent = nothing. */
  notes?: string[];
  /** Of `fromLabels`; workers of earlier versions leave it out. */
  fromLabels?: ModelReference;
  /** What the teachers' own trainings said; absent = nothing, and in earlier histories. */
  hints?: Hint[];
  /** Where the run's classes are, if the worker of a teacher gave them (teacher-vocabulary.ts). */
  classList?: string;
}

/** Teachers that only a worker with an engine can try. */
export interface TryTeachersInput {
  store: string;
  /** `field` names it in errors and notes. */
  teachers: (ModelReference & { field: string; isRateKnown: boolean })[];
  chunkSeconds: number;
}
export interface TriedTeachers {
  notes: string[];
}

export interface IngestInput {
  store: string;
  planKey: string;
  split: Split;
  shard: number;
  /**
   * Hz at which the shard is kept beside 16 kHz, ascending; absent = none, as in histories of
   * earlier versions.
   */
  sampleRates?: number[];
}
export interface IngestedShard {
  clips: number;
  rejected: number;
  seconds: number;
  reused: boolean;
}

export interface FinalizeInput {
  store: string;
  planKey: string;
  maxRejected: number;
  chunkSeconds: number;
  /** Of the run's vocabulary; given with `trainings`. */
  classes?: number;
  /** All of the run's, if any has a budget. */
  trainings?: Pick<TeacherTraining, 'model' | 'batchSize' | 'budget'>[];
}
/** Counts of a split, in the corpus manifest too. */
export const finalizedSplitSchema = z.object({
  shards: z.number(),
  clips: z.number(),
  chunks: z.number(),
  /** At 16 kHz. */
  samples: z.number(),
  rejected: z.number(),
  labelled: z.boolean(),
});
export type FinalizedSplit = z.output<typeof finalizedSplitSchema>;
export type FinalizedCorpus = Record<Split, FinalizedSplit | null> & {
  /** What the budget of each of `trainings` became; null for those that state their epochs. */
  epochs?: (number | null)[];
  /**
   * Minutes that these epochs take where they are the fewest that are trained and cost more than
   * the budget, for each of `trainings`; absent where none does.
   */
  leastMinutes?: (number | null)[];
};

export interface ScoreInput {
  store: string;
  planKey: string;
  split: Split;
  model: ScoredReference;
  chunkSeconds: number;
  precision: 'float32' | 'bfloat16';
  /** All models of the run, if this attempt also times them side by side; absent = it does not. */
  timed?: { sha256: string }[];
}
export interface Scored {
  /** Macro mean average precision; null where the split has no labels. */
  mAP: number | null;
  seconds: number;
  reused: boolean;
  /** Chunks of which the model said nothing, and some of them; absent = none. */
  leftOut?: { chunks: number; examples: string[] };
}

export interface LogitsInput {
  store: string;
  planKey: string;
  shard: number;
  ensemble: EnsembleMember[];
  settings: LogitsSettings;
  /** Absent in the first attempt at a shard. */
  waited?: LeaseWait;
}
export interface LogitsShard {
  logitsKey: string;
  rows: number;
  bytes: number;
  seconds: number;
  reused: boolean;
  /** Chunks of which a teacher said nothing, and some of them; absent = none. */
  leftOut?: { chunks: number; examples: string[] };
}

/**
 * The teachers' predictions for a shard are in the store as rows, until `writeLogits` has made the
 * shard's file of them.
 */
export interface PredictedLogits {
  logitsKey: string;
  /** Name of the shard (logit-shard-names.ts). */
  audioShard: string;
  reused: boolean;
}
export interface WriteLogitsInput {
  store: string;
  logitsKey: string;
  audioShard: string;
  shard: number;
}

/** Another run is computing the shard. */
export interface LogitsBusy {
  busy: {
    logitsKey: string;
    /** Its lease in its present state: a renewal changes it. */
    lease: string;
    /** Milliseconds until it is over, if it is not renewed. */
    leftMs: number;
  };
}
/** The lease for which a workflow waited, and for how long it has not been renewed. */
export interface LeaseWait {
  logitsKey: string;
  lease: string;
  forMs: number;
}

export interface ImportLogitsInput {
  store: string;
  planKey: string;
  /** Folder of the authors' published logits. */
  published: string;
}
export interface ImportedLogits {
  logitsKey: string;
  rows: number;
  views: number;
  topK: number;
  bytes: number;
  /**
   * Chunks of the corpus with a row in every pass, and those without: students learn from the
   * former alone.
   */
  chunks: number;
  chunksWithout: number;
  seconds: number;
}

/**
 * Where a training step's targets come from. `partial`: chunks without logits are left out instead
 * of refused.
 */
export type TargetSource =
  | {
      kind: 'logits';
      logitsKey: string;
      storedViews: number;
      storedTopK: number;
      seed: number;
      partial?: boolean;
      /**
       * Hz of its teachers beside 16 kHz, ascending; absent = none. Names of shards cover the audio
       * at each (logit-shard-names.ts).
       */
      sampleRates?: number[];
    }
  | { kind: 'labels' };

export interface TrainInput {
  store: string;
  planKey: string;
  run: string;
  settings: Student | TeacherTraining;
  init: ModelReference | null;
  targets: TargetSource;
  augment: Augment;
  /** Names of training clips that are not trained on, sorted; absent = none. */
  leaveOut?: string[];
  chunkSeconds: number;
  /** Scores the validation split where it has no labels. */
  ensemble: EnsembleMember[];
  hasValidation: boolean;
  resume: 'continue' | 'exact';
  stopAfterEpoch: number | null;
  /** Asks for the last validation up to this epoch; absent = for none. */
  measureEpoch?: number;
}
/** Where workers that take part in a training find its leader. */
export interface TrainingLeader {
  /** Name of the model in training. */
  model: string;
  host: string;
  port: number;
  /** Of this attempt: others are turned away. */
  token: string;
}
export type JoinInput = TrainInput & { leader: TrainingLeader };
/** A model, and the validation that `measureEpoch` asks for; null where there was none yet. */
export type MeasuredModel = TrainedModel & { measured?: EpochMeasure | null };
export interface EpochRecord {
  student: string;
  epoch: number;
  epochs: number;
  step: number;
  loss: number;
  /** null where this epoch was not validated or validation has no labels. */
  mAP: number | null;
  /**
   * Of the student from the targets that the ensemble would give it, on a validation split without
   * labels: Bernoulli KL in nats per class, lower is better. It selects the best epochs there.
   * Absent where this epoch was not validated, validation has labels, or an earlier version wrote
   * the record.
   */
  divergence?: number;
  /** With whom its last step was taken; absent = alone. */
  group?: GroupState;
}

export interface FitEnsembleInput {
  store: string;
  planKey: string;
  ensemble: EnsembleMember[];
  search: 'greedy' | 'weighted';
  seed: number;
}
/** See ced/teachers/ensemble-fit.ts. */
const ensembleFitSchema = z.object({
  search: z.enum(['greedy', 'weighted']),
  /** Labelled validation clips. */
  clips: z.number(),
  /** In the run file's order: share in its weights, and the chosen one; 0 = left out. */
  teachers: z.array(z.object({ name: z.string(), before: z.number(), weight: z.number() })),
  /** On all of the clips, with the run file's weights and with the chosen ones. */
  mAP: z.object({ before: z.number(), after: z.number() }),
  /** Of mAP on clips that weights were not fitted on, with its 95 % interval over the folds. */
  gain: z.object({ mean: z.number(), low: z.number(), high: z.number() }),
  folds: z.number(),
  /** Whether fitted weights were chosen; otherwise those of the run file are kept. */
  fitted: z.boolean(),
});
export type EnsembleFit = z.output<typeof ensembleFitSchema>;

/** All of a run's logits. */
const logitsTotalSchema = z.object({
  key: z.string(),
  rows: z.number(),
  views: z.number(),
  bytes: z.number(),
  pcmBytes: z.number(),
  /** Chunks without rows, because a teacher said nothing of them; absent = none. */
  leftOut: z.exactOptional(z.number()),
});
export type LogitsTotal = z.output<typeof logitsTotalSchema>;

export interface PublishInput {
  store: string;
  run: string;
  workflowId: string;
  workflowRunId: string;
  /**
   * Runs that this one continues, in order: its history began anew, or was reset. Absent = none.
   */
  earlierRunIds?: string[];
  planKey: string;
  /** Of the run, to find its models' times; absent in histories of earlier versions. */
  chunkSeconds?: number;
  kind: 'distill' | 'teach';
  /** The whole run file, for the report. */
  runFile: unknown;
  ensemble: EnsembleMember[];
  /** Where its weights come from; absent = the run file. */
  ensembleFit?: EnsembleFit;
  logits: LogitsTotal | null;
  /** Training clips that the activity of the run file's `selection` left out; absent = none. */
  selection?: { activity: string; taskQueue: string; leaveOut: string[] };
  students: TrainedModel[];
  /** Absent: the run file has no `halving`, or no rung was reached. */
  halving?: Rung[];
  stages: RunResult['stages'];
  /** Of the run file's settings; absent = none. */
  hints?: Hint[];
  /** Absent: the run file has no `promote`. */
  promotion?: Promotion;
  /** Key under which a later retraining finds this run's evaluation. */
  judgementKey?: string;
}
/** Of a chunk on one core of the processor named, in the exported ONNX file. */
const latencySchema = z.object({
  milliseconds: z.number(),
  audioSeconds: z.number(),
  realTimeFactor: z.number(),
  processor: z.string(),
  /**
   * The fastest and the slowest of the rounds in which the run's models took turns, `milliseconds`
   * being the median; absent: the model was measured alone, by an earlier version.
   */
  spread: z.exactOptional(z.object({ low: z.number(), high: z.number(), rounds: z.number() })),
});
/**
 * What a run's models cost, whichever runs made them: every attempt that did work, failed and lost
 * ones included, publishing left out.
 */
export const costSchema = z.object({
  /** In which at least one attempt of a run was at work, summed over the runs. */
  seconds: z.number(),
  /** Of attempts on the workers of either queue: two at once count twice. */
  cpuSeconds: z.number(),
  gpuSeconds: z.number(),
  stages: z.array(z.object({ name: z.string(), seconds: z.number() })),
  /** In the order of their beginnings; this run only where it made something. */
  runs: z.array(
    z.object({
      workflowRunId: z.string(),
      /** Milliseconds since 1970. */
      fromMs: z.number(),
      seconds: z.number(),
      cpuSeconds: z.number(),
      gpuSeconds: z.number(),
      attempts: z.number(),
      /** Of them, those that failed, were lost or stopped. */
      unsuccessful: z.number(),
      /** Key of another run's report in the store; absent = it has none. */
      report: z.exactOptional(z.string()),
    }),
  ),
  /** Results found in the store of which no run recorded the making; absent = none. */
  unknown: z.exactOptional(z.number()),
});
export type RunCost = z.output<typeof costSchema>;
/** `result.json`. */
export const runResultSchema = z.object({
  formatVersion: z.literal(1),
  run: z.string(),
  workflowId: z.string(),
  teachers: z.array(
    z.object({
      name: z.string(),
      /** null, or 0 in results of earlier versions: not known. */
      parameters: z.number().nullable(),
      mAP: z.number().nullable(),
      /** Classes that it lacks and abstains from: its mAP is over the others. Absent = none. */
      missingClasses: z.exactOptional(z.number()),
      /** As of `students`: of teachers that `teach` trained, which it lists there too. */
      latency: z.exactOptional(latencySchema.nullable()),
      checkpoint: z.exactOptional(z.string()),
      sha256: z.exactOptional(z.string()),
      bitExact: z.exactOptional(z.boolean()),
    }),
  ),
  ensemble: z.object({
    mAP: z.number().nullable(),
    /** Where the run file asks for weights by evidence. */
    fit: z.exactOptional(ensembleFitSchema),
  }),
  /**
   * Every two teachers, on eval or else validation: share of clips with the same top class, mean
   * absolute difference of probabilities.
   */
  teacherAgreement: z.exactOptional(
    z.array(
      z.object({
        between: z.tuple([z.string(), z.string()]),
        topMatch: z.number(),
        meanDifference: z.number(),
      }),
    ),
  ),
  /** The models that were trained: of `teach` its teachers, which earlier versions listed here. */
  students: z.array(
    z.object({
      name: z.string(),
      parameters: z.number(),
      mAP: z.number().nullable(),
      /**
       * Agreement with the ensemble on eval (ced/metrics/agreement.ts); null for models trained
       * from labels, or without an eval split.
       */
      agreement: z.object({ divergence: z.number(), topMatch: z.number() }).nullable(),
      /** null where there is no eval split. */
      latency: z.exactOptional(latencySchema.nullable()),
      checkpoint: z.string(),
      sha256: z.string(),
      bitExact: z.boolean(),
    }),
  ),
  /** Which students went on from each rung of `halving`; absent = none was reached. */
  halving: z.exactOptional(z.array(rungSchema)),
  logits: logitsTotalSchema.nullable(),
  /** Where the run file has a `selection`. */
  selection: z.exactOptional(selectionSchema),
  rejected: z.number(),
  /** Of this run alone, which may have found results that others made. */
  stages: z.array(z.object({ name: z.string(), seconds: z.number() })),
  /** Absent where no attempt was recorded, and of earlier versions. */
  cost: z.exactOptional(costSchema),
  promotion: z.exactOptional(promotionSchema),
  /** What a user can act on; absent = nothing, and of earlier versions. */
  hints: z.exactOptional(z.array(hintSchema)),
});
export type RunResult = z.output<typeof runResultSchema>;
/** Of a student with its ensemble. */
export type EnsembleAgreement = NonNullable<RunResult['students'][number]['agreement']>;

export interface CpuActivities {
  planCorpus(input: PlanInput): Promise<Plan>;
  importModels(input: ImportModelsInput): Promise<ImportedModels>;
  acceptTeacher(input: AcceptTeacherInput): Promise<AcceptedTeacher>;
  checkProbe(input: CheckProbeInput): Promise<CheckedProbe>;
  requireClasses(input: RequireClassesInput): Promise<null>;
  ingestShard(input: IngestInput): Promise<IngestedShard>;
  sealCorpus(input: FinalizeInput): Promise<FinalizedCorpus>;
  writeRows(input: WriteRowsInput): Promise<WrittenRows>;
  scoreOutputs(input: ScoreOutputsInput): Promise<Scored | null>;
  writeLogits(input: WriteLogitsInput): Promise<LogitsShard>;
  importPublishedLogits(input: ImportLogitsInput): Promise<ImportedLogits>;
  fitEnsemble(input: FitEnsembleInput): Promise<EnsembleFit>;
  compareWithLabels(input: CompareWithLabelsInput): Promise<LabelsComparison | null>;
  findJudgement(input: FindEvaluationInput): Promise<FoundEvaluation>;
  findChampion(input: FindChampionInput): Promise<Champion | null>;
  promoteChallenger(input: PromoteInput): Promise<Promotion | Overtaken>;
  publishRun(input: PublishInput): Promise<RunResult>;
}
export interface GpuActivities {
  scoreModel(input: ScoreInput): Promise<Scored>;
  compareModels(input: CompareInput): Promise<Comparison>;
  tryTeachers(input: TryTeachersInput): Promise<TriedTeachers>;
  computeLogits(input: LogitsInput): Promise<LogitsShard | PredictedLogits | LogitsBusy>;
  trainModel(input: TrainInput): Promise<MeasuredModel>;
  /** A member's part; over with the training, or given up with its leader. */
  joinTraining(input: JoinInput): Promise<null>;
}
