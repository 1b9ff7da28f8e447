/**
 * Scores one model on one split, without augmentation: a clip's score is the mean of its chunks' probabilities. Runs in the engine's process.
 * Scores are kept by model and corpus content, so a teacher is heard once however many runs it takes part in.
 */
import { meanAveragePrecision } from '../../ced/metrics/mean-average-precision';
import { outputFault } from '../../ced/teachers/output-fault';
import type { Scored, ScoreInput } from '../../workflows/contract/activities';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import { CorpusAudio } from '../corpus/corpus-audio';
import type { CorpusClip, CorpusClips } from '../corpus/corpus-clips';
import { LengthBatches } from '../corpus/length-batches';
import type { JobContext } from '../job-context';
import { namingTeacher } from '../teacher-fault';
import { countdown } from '../progress';
import { layout } from '../storage/layout';
import { modelLatency, type Latency } from './latency';
import { encodeSealed } from '../storage/seal';
import { createAnew, createJsonOrAdopt, readJsonOrSetAside, setAside } from '../storage/set-aside';
import { ContentDiffers, readJsonIfPresent, sha256, type Store } from '../storage/store';

export interface ScoresManifest {
  formatVersion: 1;
  mAP: number | null;
  /** Of the scores; absent in manifests of earlier versions. */
  sha256?: string;
  clips: number;
  classes: number;
  seconds: number;
  /** On eval, of models that hear our log-mel. */
  latency?: Latency;
}

const BATCH = 64;

export async function scoreJob(context: JobContext, input: ScoreInput): Promise<Scored> {
  const { store } = context;
  const audio = await CorpusAudio.open(store, input.planKey, input.split, { job: context });
  try {
    const manifestKey = layout.scoresManifest(input.model.sha256, audio.contentSha256);
    const present = await readJsonOrSetAside<ScoresManifest>(store, manifestKey);
    if (present && (await areScoresSound(store, input.model.sha256, audio.contentSha256, present)))
      return { mAP: present.mAP, seconds: present.seconds, reused: true };
    const startedMs = context.monotonicMs();
    const { name, sha256: model } = input.model;
    const scorer = await namingTeacher(name, context.teacher(model, input.precision, audio.vocabulary));
    const scores = await namingTeacher(
      name,
      scoreClips(audio, (batch) => scorer.probabilities(batch), context),
    );
    const fault = outputFault(scores, audio.clips.length, audio.vocabulary.length, scorer.frontEnd === 'waveform');
    // Before hours are spent: a model that gives no numbers, or does not depend on what it hears, is no teacher.
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
    const mAP = splitMAP(scores, audio);
    const bytes = encodeScores(scores);
    await createAnew(store, layout.scores(input.model.sha256, audio.contentSha256), bytes);
    const timed = input.split === 'eval' && scorer.frontEnd === 'log-mel';
    const seconds = (context.monotonicMs() - startedMs) / 1000;
    const manifest: ScoresManifest = {
      formatVersion: 1,
      mAP,
      sha256: sha256(bytes),
      clips: audio.clips.length,
      classes: audio.vocabulary.length,
      seconds,
      ...(timed ? { latency: await modelLatency(store, model, input.chunkSeconds, context.monotonicMs) } : {}),
    };
    // Another run may have scored it at the same time, and only times differ. By a worker of another kind other scores: then the next attempt mends.
    const first = await createJsonOrAdopt<ScoresManifest>(store, manifestKey, encodeSealed(manifest));
    if (first && first.sha256 !== manifest.sha256) throw new ContentDiffers(manifestKey);
    return { mAP, seconds: manifest.seconds, reused: false };
  } finally {
    audio.close();
  }
}

export type Probabilities = (batch: {
  pcm: Int16Array;
  batch: number;
  samples: number;
  masks: null;
}) => Float32Array | Promise<Float32Array>;

/** @returns float32 [clips, classes] in clip order */
export async function scoreClips(
  audio: CorpusAudio,
  probabilities: Probabilities,
  context: Pick<JobContext, 'onProgress' | 'breathe' | 'monotonicMs'>,
  phase?: string,
): Promise<Float32Array> {
  const classes = audio.vocabulary.length;
  const scores = new Float32Array(audio.clips.length * classes);
  const progress = countdown('clips', audio.clips.length, context.monotonicMs);
  const batches = new LengthBatches<{ clip: CorpusClip; index: number }>(BATCH);
  const flush = async (full: ReturnType<typeof batches.add>): Promise<void> => {
    if (!full) return;
    const output = await probabilities({ pcm: full.pcm, batch: full.rows, samples: full.samples, masks: null });
    full.items.forEach(({ clip, index }, row) => {
      const { length } = clip.chunks;
      for (let c = 0; c < classes; c++)
        scores[index * classes + c] = (scores[index * classes + c] ?? 0) + (output[row * classes + c] ?? 0) / length;
    });
    context.onProgress({ ...progress(full.items.at(-1)?.index ?? 0), ...(phase ? { phase } : {}) });
    await context.breathe();
  };
  for (const [index, clip] of audio.clips.entries()) {
    await audio.ready([clip]);
    for (const chunk of clip.chunks) await flush(batches.add(chunk.length, { clip, index }, (out, at) => audio.read(clip, chunk, out, at)));
  }
  for (const rest of batches.rest()) await flush(rest);
  return scores;
}

/** Macro mAP of scores on the split's labels, null where a clip has none. */
export function splitMAP(scores: Float32Array, audio: CorpusClips): number | null {
  const targets = labelMatrix(audio);
  return targets && meanAveragePrecision({ scores, targets, rows: audio.clips.length, classes: audio.vocabulary.length }).mean;
}

/** uint8 [clips, classes], or null where a clip has no labels. */
export function labelMatrix(audio: CorpusClips): Uint8Array | null {
  const classes = audio.vocabulary.length;
  const targets = new Uint8Array(audio.clips.length * classes);
  for (const [index, clip] of audio.clips.entries()) {
    if (clip.labels === null) return null;
    for (const label of clip.labels) targets[index * classes + label] = 1;
  }
  return targets;
}

function encodeScores(scores: Float32Array): Uint8Array {
  return new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
}

/** Reads what `scoreJob` kept; null where it kept nothing. @throws {StoreDamaged} when it is damaged: scoring again mends it, as a new run does */
export async function readScores(store: Store, modelSha256: string, corpusSha256: string): Promise<Float32Array | null> {
  const key = layout.scores(modelSha256, corpusSha256);
  const manifest = await readJsonIfPresent<ScoresManifest>(store, layout.scoresManifest(modelSha256, corpusSha256));
  const bytes = manifest && (await store.read(key));
  if (!bytes) return null;
  if (!holds(manifest, bytes)) throw new StoreDamaged([], `${store.uri}: ${key} is damaged; start the run again, the model is scored anew`);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Whether they are there and what was written. Those that are not have been set aside, with their manifest: its times are not theirs. */
async function areScoresSound(store: Store, modelSha256: string, corpusSha256: string, manifest: ScoresManifest): Promise<boolean> {
  const found = await setAside(store, layout.scores(modelSha256, corpusSha256), (bytes) => holds(manifest, bytes));
  if (found !== 'sound') await setAside(store, layout.scoresManifest(modelSha256, corpusSha256));
  return found === 'sound';
}

function holds({ sha256: expected, clips, classes }: ScoresManifest, bytes: Uint8Array): boolean {
  return bytes.length === clips * classes * 4 && (expected === undefined || sha256(bytes) === expected);
}
