/**
 * The scores of a worker's teacher on a split, from its stored outputs of the clean view: a clip's
 * score is the mean of its chunks' probabilities, as for every other teacher.
 */
import { CLEAN_VIEW } from '../ced/teachers/teacher-rows';
import { classMap, missingClasses } from '../ced/teachers/class-map';
import { predictionOf } from '../ced/teachers/prediction';
import { ClipMeans, type ClipScores } from '../ced/metrics/clip-means';
import { scoresFault, scoresMAP } from '../ced/metrics/scores-of-clips';
import type { CorpusClips } from '../ced/corpus/corpus-clip';
import { PermanentError } from '../workflows/contract/failures';
import type { Scored } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { progressMeter } from '../workflows/contract/progress-meter';
import type { ScoreOutputsInput } from '../workflows/contract/teacher-worker';
import { CorpusAudio } from '../storage/corpus/corpus-audio';
import { abstention } from '../storage/models/teacher-identity';
import { requireWorkerManifest, type WorkerManifest } from '../storage/models/worker-folder';
import { expectedOutputs, workerOutputs } from '../storage/outputs/expected-outputs';
import { shardOwner } from '../storage/outputs/outputs-manifest';
import { isSilentChunk } from '../storage/outputs/silent-chunk';
import { ShardOutputs } from '../storage/outputs/shard-outputs';
import { contentFor, keepScores, keptScores, leftOutOf, toldOf } from '../storage/scores';
import type { Store } from '../storage/store';
import type { ActivityDependencies } from './dependencies';

/** @throws {StoreDamaged} naming a shard whose outputs are missing or damaged */
export async function scoreOutputs(
  deps: Pick<ActivityDependencies, 'openStore' | 'monotonicMs' | 'signal'>,
  input: ScoreOutputsInput,
  onProgress: (progress: LiveProgress) => void = () => undefined,
): Promise<Scored | null> {
  const store = deps.openStore(input.store);
  const { model, split } = input;
  const audio = await CorpusAudio.open(store, input.planKey, split);
  try {
    const manifest = await requireWorkerManifest(store, model.sha256);
    const contentAtRate = await contentFor(audio, manifest.sampleRate);
    const kept = await keptScores(store, model, audio, contentAtRate);
    if (kept) return kept;
    if (input.kept === true) return null;
    const startedMs = deps.monotonicMs();
    const progress = progressMeter('shards', audio.audioShards.length, deps.monotonicMs);
    const map = classMap(manifest.vocabulary, audio.vocabulary, abstention(model));
    const missing = missingClasses(map);
    const scored = await meanOfChunks(store, { manifest, map }, input, audio, (done) => {
      deps.signal?.throwIfAborted();
      onProgress(progress(done));
    });
    const isDeclared = manifest.output === 'logits';
    const fault = scoresFault(scored, audio, { isDeclared, missing });
    if (fault) throw new PermanentError('TeacherInvalid', `${model.name}: ${split}: ${fault}`);
    const seconds = (deps.monotonicMs() - startedMs) / 1000;
    const mAP = scoresMAP(scored, audio, missing);
    await keepScores(store, model.sha256, audio, {
      ...{ scores: scored.values, mAP, missing, seconds, leftOut: leftOutOf(scored) },
      ...(contentAtRate === undefined ? {} : { contentAtRate }),
    });
    return { mAP, seconds, reused: false, ...toldOf(scored) };
  } finally {
    await audio.close();
  }
}

async function meanOfChunks(
  store: Store,
  { manifest, map }: { manifest: WorkerManifest; map: Int32Array },
  { model, planKey, split, chunkSeconds }: ScoreOutputsInput,
  audio: CorpusAudio,
  onShard: (done: number) => void,
): Promise<ClipScores> {
  const means = new ClipMeans(audio.clips, map.length, model.name);
  let first = 0;
  for (const shard of audio.audioShards.keys()) {
    const corpus = shardOf(audio, shard);
    const expected = await expectedOutputs(
      store,
      workerOutputs(manifest),
      corpus,
      { planKey, split, shard },
      { ...CLEAN_VIEW, chunkSeconds },
    );
    const outputs = await ShardOutputs.require(store, expected, shardOwner(model, split, shard));
    try {
      const begin = first;
      for (const clip of corpus.clips) {
        const chunks = means.chunks.slice(first, first + clip.chunks.length);
        const rows = chunks.map((_, chunk) => first - begin + chunk);
        const isSilent = (row: number): Promise<boolean> =>
          isSilentChunk(audio, clip, chunks[row - rows[0]!]!.chunk);
        const own = await outputs.probabilities(rows, isSilent);
        const { values, faults } = predictionOf(own, rows.length, map);
        means.add(chunks, values, faults);
        first += chunks.length;
      }
    } finally {
      outputs.close();
    }
    onShard(shard + 1);
  }
  return means.finish();
}

function shardOf(split: CorpusClips, shard: number): CorpusClips {
  const { vocabulary, contentSha256, audioShards } = split;
  const clips = split.clips.filter((clip) => clip.shard === shard);
  return { vocabulary, contentSha256, clips, audioShards: [audioShards[shard]!] };
}
