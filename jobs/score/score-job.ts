/**
 * Scores one model on one split, without augmentation: a clip's score is the mean of its chunks'
 * probabilities. Runs in the engine's process. Scores are kept by model and corpus content, so a
 * teacher is scored once however many runs it takes part in.
 */
import { outputFault } from '../../ced/teachers/output-fault';
import type { Scored, ScoreInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { LengthBatches } from '../../ced/corpus/length-batches';
import { beginPhase, throwIfStopped, type JobContext } from '../job-context';
import { namingTeacher } from '../teacher-fault';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { layout } from '../../storage/layout';
import { modelLatency } from './latency';
import { createAnew, createRecordOrAdopt, readRecordOrQuarantine } from '../../storage/quarantine';
import { ContentDiffers, sha256 } from '../../storage/store';
import type { CorpusClip } from '../../ced/corpus/corpus-clip';
import type { Latency } from '../../ced/metrics/latency';
import { splitMAP } from '../../ced/metrics/split-scores';
import { areScoresVerified, scoresRecord, type ScoresManifest } from '../../storage/scores';

const BATCH = 64;

export async function scoreJob(context: JobContext, input: ScoreInput): Promise<Scored> {
  const { store } = context;
  const audio = await CorpusAudio.open(store, input.planKey, input.split, { job: context });
  try {
    const manifestKey = layout.scoresManifest(input.model.sha256, audio.contentSha256);
    const present = await readRecordOrQuarantine(store, manifestKey, scoresRecord);
    if (
      present &&
      (await areScoresVerified(store, input.model.sha256, audio.contentSha256, present))
    )
      return { mAP: present.mAP, seconds: present.seconds, reused: true };
    const startedMs = context.monotonicMs();
    const { name, sha256: model } = input.model;
    await beginPhase(context, 'loading the model');
    const scorer = await namingTeacher(
      name,
      context.teacher(model, input.precision, audio.vocabulary),
    );
    const scores = await namingTeacher(
      name,
      scoreClips(audio, (batch) => scorer.probabilities(batch), context),
    );
    const fault = outputFault(
      scores,
      audio.clips.length,
      audio.vocabulary.length,
      scorer.frontEnd === 'waveform',
    );
    // Before hours are spent: a model whose outputs are no numbers, or do not depend on its input,
    // cannot teach.
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
    await beginPhase(context, 'computing the mAP');
    const mAP = splitMAP(scores, audio);
    const bytes = encodeScores(scores);
    await createAnew(store, layout.scores(input.model.sha256, audio.contentSha256), bytes);
    const latency = (): Promise<Latency> =>
      modelLatency(store, model, input.chunkSeconds, context.monotonicMs, () =>
        beginPhase(context, 'measuring latency'),
      );
    const timed = input.split === 'eval' && scorer.frontEnd === 'log-mel';
    const seconds = (context.monotonicMs() - startedMs) / 1000;
    const manifest: ScoresManifest = {
      formatVersion: 1,
      mAP,
      sha256: sha256(bytes),
      clips: audio.clips.length,
      classes: audio.vocabulary.length,
      seconds,
      ...(timed ? { latency: await latency() } : {}),
    };
    // Another run may have scored it at the same time; only times differ. A worker of another kind
    // has other scores: then the next attempt repairs it.
    const first = await createRecordOrAdopt(store, manifestKey, scoresRecord, manifest);
    if (first && first.sha256 !== manifest.sha256) throw new ContentDiffers(manifestKey);
    return { mAP, seconds: manifest.seconds, reused: false };
  } finally {
    await audio.close();
  }
}

export type Probabilities = (batch: {
  pcm: Int16Array;
  batch: number;
  samples: number;
  masks: null;
}) => Float32Array | Promise<Float32Array>;

/**
 * @returns float32 [clips, classes] in clip order
 * @throws {EngineStopped} after the batch in progress, when the job was told to stop
 */
export async function scoreClips(
  audio: CorpusAudio,
  probabilities: Probabilities,
  context: Pick<JobContext, 'onProgress' | 'yieldAndCheckStop' | 'monotonicMs'>,
  phase?: string,
): Promise<Float32Array> {
  const classes = audio.vocabulary.length;
  const scores = new Float32Array(audio.clips.length * classes);
  const progress = progressMeter('clips', audio.clips.length, context.monotonicMs);
  const batches = new LengthBatches<{ clip: CorpusClip; index: number }>(BATCH);
  const flush = async (full: ReturnType<typeof batches.add>): Promise<void> => {
    if (!full) return;
    const output = await probabilities({
      pcm: full.pcm,
      batch: full.rows,
      samples: full.samples,
      masks: null,
    });
    full.items.forEach(({ clip, index }, row) => {
      const { length } = clip.chunks;
      for (let c = 0; c < classes; c++)
        scores[index * classes + c] =
          (scores[index * classes + c] ?? 0) + (output[row * classes + c] ?? 0) / length;
    });
    context.onProgress({ ...progress(full.items.at(-1)?.index ?? 0), ...(phase ? { phase } : {}) });
    await throwIfStopped(context);
  };
  for (const [index, clip] of audio.clips.entries()) {
    await audio.ready([clip]);
    for (const chunk of clip.chunks)
      await flush(
        batches.add(chunk.length, { clip, index }, (out, at) => audio.read(clip, chunk, out, at)),
      );
  }
  for (const rest of batches.rest()) await flush(rest);
  return scores;
}

function encodeScores(scores: Float32Array): Uint8Array {
  return new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
}
