/**
 * The contract with teachers of format `worker`: two activities on a task queue of their own, in
 * whatever language (docs/teachers.md). What a worker answers comes from outside, so it is read
 * through these schemas. Unknown fields are ignored: a worker may tell more.
 */
import { z } from 'zod';
import type { EnsembleMember, ModelReference, ScoredReference, Split } from './models';
import type { LogitsSettings, WorkerTeacher } from './run-file-sections';
import { sampleRateSchema } from './sample-rates';

export const TEACHER_CONTRACT = 1;

const MOST_CLASSES = 65_536;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');
const count = z.number().int().min(0);
const version = z.string().min(1).max(200);
const contract = z.literal(TEACHER_CONTRACT);
const outputKind = z.enum(['probabilities', 'logits']);

export interface DescribeTeacherInput {
  contract: typeof TEACHER_CONTRACT;
  store: string;
}

export const teacherDescriptionSchema = z.object({
  contract,
  /** The worker's own name for it; the run file's is used. */
  name: z.string().max(200),
  version,
  weightsSha256: sha256,
  /** null = unknown. */
  parameters: count.nullable(),
  classes: z.object({
    key: z.string().max(1024),
    sha256,
    count: count.min(1).max(MOST_CLASSES),
  }),
  sampleRate: sampleRateSchema,
  /** null = any length. */
  longestSeconds: z.number().positive().nullable(),
  output: outputKind,
  /** Whether it applies spectrogram masks. */
  masks: z.boolean(),
});
export type TeacherDescription = z.output<typeof teacherDescriptionSchema>;

export interface PredictShardInput {
  contract: typeof TEACHER_CONTRACT;
  store: string;
  version: string;
  weightsSha256: string;
  audio: { key: string; sha256: string; sampleRate: number };
  rows: { key: string; sha256: string; count: number };
  output: { data: string; manifest: string };
}

export const predictedShardSchema = z.object({
  rows: count,
  bytes: count,
  sha256,
  reused: z.boolean(),
});
export type PredictedShard = z.output<typeof predictedShardSchema>;

/** `outputs/<teacherKey>/<viewsKey>/<audio sha256>.json`, by the worker or by our engine. */
export const outputsManifestSchema = z.object({
  contract,
  version,
  weightsSha256: sha256,
  /** SHA-256 of the audio shard. */
  audio: sha256,
  rowsSha256: sha256,
  rows: count,
  classes: count.min(1).max(MOST_CLASSES),
  dtype: z.enum(['float32', 'float16']),
  output: outputKind,
  bytes: count,
  sha256,
  seconds: z.number().min(0),
});
export type OutputsManifest = z.output<typeof outputsManifestSchema>;

/** The activities as a worker registers them. What they answer is unknown until it is parsed. */
export interface TeacherActivities {
  describeTeacher(input: DescribeTeacherInput): Promise<unknown>;
  predictShard(input: PredictShardInput): Promise<unknown>;
}

/** For our own activities around a worker's. */
export interface AcceptTeacherInput {
  store: string;
  vocabulary: string;
  /** Names it in errors: `teachers[1]`. */
  field: string;
  teacher: WorkerTeacher;
  /** What `describeTeacher` answered. */
  description: unknown;
  chunkSeconds: number;
  /** Whether the run's views have spectrogram masks. */
  masked: boolean;
  workflowRunId: string;
}
export interface AcceptedTeacher {
  member: EnsembleMember;
  /** The probe clips, to be predicted before anything is spent on the run. */
  probe: PredictShardInput;
  notes?: string[];
}

export interface RequireClassesInput {
  store: string;
  vocabulary: string;
  /** All teachers of the run. */
  ensemble: ModelReference[];
}

export interface CheckProbeInput {
  store: string;
  teacher: ModelReference;
  probe: PredictShardInput;
}
export interface CheckedProbe {
  /** Largest difference of a probability from the first probe; null = this is the first. */
  largest: number | null;
}

export interface WriteRowsInput {
  store: string;
  planKey: string;
  split: Split;
  shard: number;
  /** For logits all of them, for scores the one that is scored. */
  ensemble: EnsembleMember[];
  /** Of the corpus. */
  chunkSeconds: number;
  /** Of the logits; absent = one clean view, for scores. */
  settings?: LogitsSettings;
  /** A worker found the shard or its rows damaged: both are read and hashed first. */
  verify?: boolean;
}
/** What the workers of an ensemble have to predict of a shard; nothing where all of it is there. */
export interface WrittenRows {
  requests: { teacher: string; input: PredictShardInput }[];
}

export interface ScoreOutputsInput {
  store: string;
  planKey: string;
  split: Split;
  model: ScoredReference;
  chunkSeconds: number;
  /** Answers null unless the scores are kept already. */
  kept?: boolean;
}
