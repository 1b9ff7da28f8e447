/**
 * Scores one model on one split, without augmentation: a clip's score is the mean of its chunks'
 * probabilities. Runs in the engine's process. Scores are kept by model and corpus content, so a
 * teacher is scored once however many runs it takes part in.
 */
import type { Scored, ScoreInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { beginPhase, type JobContext } from '../job-context';
import { namingTeacher } from '../teacher-fault';
import { measureLatencies } from './latency';
import { scoreClips } from './score-clips';
import { abstention } from '../../storage/models/teacher-identity';
import { readWaveformManifest } from '../../storage/models/waveform-folder';
import { scoresFault, scoresMAP } from '../../ced/metrics/scores-of-clips';
import { contentFor, keepScores, keptScores, leftOutOf, toldOf } from '../../storage/scores';

export async function scoreJob(context: JobContext, input: ScoreInput): Promise<Scored> {
  const scored = await score(context, input);
  const { timed: models, chunkSeconds } = input;
  if (models) await measureLatencies(context, { models, chunkSeconds });
  return scored;
}

async function score(context: JobContext, input: ScoreInput): Promise<Scored> {
  const { store } = context;
  const audio = await CorpusAudio.open(store, input.planKey, input.split, { job: context });
  try {
    const { name, sha256: model } = input.model;
    const foreign = await readWaveformManifest(store, model);
    const contentAtRate = await contentFor(audio, foreign?.sampleRate);
    const kept = await keptScores(store, input.model, audio, contentAtRate);
    if (kept) return kept;
    const startedMs = context.monotonicMs();
    await beginPhase(context, 'loading the model');
    const scorer = await namingTeacher(
      name,
      context.teacher(model, input.precision, audio.vocabulary, abstention(input.model)),
    );
    const scored = await namingTeacher(name, scoreClips(audio, scorer, context, { name }));
    const { missing } = scorer;
    // Before hours are spent: a model whose outputs are no numbers, or do not depend on its input,
    // cannot teach.
    const fault = scoresFault(scored, audio, { isDeclared: foreign !== null, missing });
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
    await beginPhase(context, 'computing the mAP');
    const mAP = scoresMAP(scored, audio, missing);
    const seconds = (context.monotonicMs() - startedMs) / 1000;
    const leftOut = foreign ? leftOutOf(scored) : undefined;
    await keepScores(store, model, audio, {
      ...{ scores: scored.values, mAP, missing, seconds },
      ...(leftOut === undefined ? {} : { leftOut }),
      ...(contentAtRate === undefined ? {} : { contentAtRate }),
    });
    return { mAP, seconds, reused: false, ...toldOf(scored) };
  } finally {
    await audio.close();
  }
}
