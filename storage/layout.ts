/** The keys of a store: one function a kind of object, so that no key is spelled twice. */
import type { Split } from '../workflows/contract/models';

/** Numbers of one length, so that keys sort as their numbers do. */
const nineDigits = (number: number): string => String(number).padStart(9, '0');

export const layout = {
  plan: (planKey: string) => `plans/${planKey}/plan.json`,
  listing: (planKey: string, split: Split, shard: number) =>
    `plans/${planKey}/${split}-${String(shard).padStart(6, '0')}.json`,
  corpus: (planKey: string) => `plans/${planKey}/corpus.json`,
  planPart: (planKey: string, split: Split, part: number) =>
    `plans/${planKey}/parts/${split}-${String(part).padStart(6, '0')}.json`,
  corpusPart: (planKey: string, split: Split, part: number) =>
    `plans/${planKey}/parts/corpus-${split}-${String(part).padStart(6, '0')}.json`,
  ingest: (listingSha256: string) => `ingest/${listingSha256}.json`,
  /** Of the same listing at a further sample rate. @param ingest key of its manifest at 16 kHz */
  ingestAtRate: (ingest: string, rate: number) =>
    `${ingest.slice(0, -'.json'.length)}-${rate}.json`,
  audio: (sha256: string) => `audio/${sha256}.npy`,
  audioTable: (sha256: string) => `audio/${sha256}.parquet`,
  logits: (key: string, audioSha256: string) => `logits/${key}/${audioSha256}.parquet`,
  logitsManifest: (key: string, audioSha256: string) => `logits/${key}/${audioSha256}.json`,
  /** What the teachers gave, until `writeLogits` has made the shard of it. */
  logitsRows: (key: string, audioSha256: string) => `logits/${key}/${audioSha256}.rows`,
  /** `after`: token of the lease that this one succeeds. */
  logitsLease: (key: string, audioSha256: string, after?: string) =>
    `logits/${key}/${audioSha256}.lease${after === undefined ? '' : `-${after}`}`,
  logitsDescription: (key: string) => `logits/${key}/manifest.json`,
  /** What a teacher gives for an audio shard; `teacherKey` and `viewsKey` as in teacher-key.ts. */
  outputs: (
    teacherKey: string,
    viewsKey: string,
    audioSha256: string,
    file: 'npy' | 'json' | 'rows.npy',
  ) => `outputs/${teacherKey}/${viewsKey}/${audioSha256}.${file}`,
  probeOutputs: (teacherKey: string, workflowRunId: string, file: 'npy' | 'json') =>
    `outputs/${teacherKey}/probe/${workflowRunId}.${file}`,
  /** Class list that a worker writes. */
  teacherClasses: (sha256: string) => `teachers/classes/${sha256}.json`,
  /** The probe that later ones are compared with. */
  firstProbe: (teacherKey: string, rowsSha256: string) =>
    `outputs/${teacherKey}/probe/first-${rowsSha256}.json`,
  probe: (sha256: string, file: 'npy' | 'rows.npy') => `probes/${sha256}.${file}`,
  model: (sha256: string) => `models/${sha256}/model.safetensors`,
  modelFile: (sha256: string, path: string) => `models/${sha256}/${path}`,
  modelManifest: (sha256: string) => `models/${sha256}/manifest.json`,
  modelConfig: (sha256: string) => `models/${sha256}/config.json`,
  modelThresholds: (sha256: string) => `models/${sha256}/thresholds.json`,
  scores: (modelSha256: string, corpusSha256: string) =>
    `scores/${modelSha256}/${corpusSha256}.f32`,
  scoresManifest: (modelSha256: string, corpusSha256: string) =>
    `scores/${modelSha256}/${corpusSha256}.json`,
  training: (key: string) => `training/${key}/`,
  trainingManifest: (key: string, stopAfterEpoch: number | null) =>
    `training/${key}/manifest${stopAfterEpoch === null ? '' : `-epoch-${stopAfterEpoch}`}.json`,
  checkpoint: (
    key: string,
    step: number,
    file: 'model.safetensors' | 'adam.safetensors' | 'state.json',
  ) => `training/${key}/checkpoints/${nineDigits(step)}/${file}`,
  checkpoints: (key: string) => `training/${key}/checkpoints/`,
  best: (key: string, step: number) => `training/${key}/best/${nineDigits(step)}.safetensors`,
  metrics: (key: string, fromStep: number, toStep: number) =>
    `training/${key}/metrics/${nineDigits(toStep)}-from-${nineDigits(fromStep)}.jsonl`,
  events: (key: string, fromStep: number, toStep: number) =>
    `training/${key}/tensorboard/` +
    `events.out.tfevents.${nineDigits(toStep)}-from-${nineDigits(fromStep)}`,
  attempts: (key: string) => `training/${key}/attempts/`,
  attempt: (key: string, order: number, id: string) =>
    `training/${key}/attempts/${nineDigits(order)}-${id}.json`,
  /** Record of an activity's attempt (activities/attempt-record.ts). */
  activityAttempts: (workflowRunId: string) => `attempts/${workflowRunId}/`,
  activityAttempt: (
    workflowRunId: string,
    activityId: string,
    attempt: number,
    moment: 'start' | 'end',
  ) => `attempts/${workflowRunId}/${activityId}-${attempt}-${moment}.json`,
  /** Times of models that were measured side by side. */
  latencies: (key: string) => `latencies/${key}.json`,
  quarantine: (key: string, foundSha256: string) => `quarantine/${key}-${foundSha256.slice(0, 16)}`,
  runFile: (run: string, workflowRunId: string, file: string) =>
    `runs/${run}/${workflowRunId}/${file}`,
  evaluation: (run: string, key: string) => `runs/${run}/judged/${key}.json`,
  /** Plan key of the run's last retraining: the next retraining reuses its shards. */
  lastPlan: (run: string) => `runs/${run}/plan.json`,
  /** Below a run's folder. */
  metricsFile: (model: string) => `metrics/${model}.jsonl`,
  eventsFile: (model: string) => `tensorboard/${model}/events.out.tfevents.000000000.ced`,
  /** Leads people from a student's name to its model; the latest run's. */
  studentPage: (run: string, student: string) => `runs/${run}/students/${student}/README.md`,
  latest: (run: string, file: 'result.json' | 'report.html' | 'scores.json') =>
    `runs/${run}/${file}`,
} as const;
