/**
 * The scores of a worker's teacher on a split, from its stored outputs of the clean view: a clip's
 * score is the mean of its chunks' probabilities, as for every other teacher.
 */
import { CLEAN_VIEW } from '../ced/teachers/teacher-rows';
import { classMap, missingClasses } from '../ced/teachers/class-map';
import { outputFault } from '../ced/teachers/output-fault';
import { splitMAP } from '../ced/metrics/split-scores';
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
import { contentFor, keepScores, keptScores } from '../storage/scores';
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
    const { scores, missing } = await meanOfChunks(store, manifest, input, audio, (done) => {
      deps.signal?.throwIfAborted();
      onProgress(progress(done));
    });
    const { clips, vocabulary } = audio;
    const fault = outputFault(
      scores,
      clips.length,
      vocabulary.length,
      manifest.output === 'logits',
      missing,
    );
    if (fault) throw new PermanentError('TeacherInvalid', `${model.name}: ${split}: ${fault}`);
    const seconds = (deps.monotonicMs() - startedMs) / 1000;
    const mAP = splitMAP(scores, audio, missing);
    await keepScores(store, model.sha256, audio, {
      ...{ scores, mAP, missing, seconds },
      ...(contentAtRate === undefined ? {} : { contentAtRate }),
    });
    return { mAP, seconds, reused: false };
  } finally {
    await audio.close();
  }
}

/** @returns float32 [clips, classes of the run] */
async function meanOfChunks(
  store: Store,
  manifest: WorkerManifest,
  { model, planKey, split, chunkSeconds }: ScoreOutputsInput,
  audio: CorpusAudio,
  onShard: (done: number) => void,
): Promise<{ scores: Float32Array; missing: number[] }> {
  const map = classMap(manifest.vocabulary, audio.vocabulary, abstention(model));
  const [classes, own] = [map.length, manifest.vocabulary.length];
  const scores = new Float32Array(audio.clips.length * classes);
  let firstClip = 0;
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
      let row = 0;
      for (const [index, clip] of corpus.clips.entries()) {
        const rows = clip.chunks.map((_, chunk) => row + chunk);
        const isSilent = (at: number): Promise<boolean> =>
          isSilentChunk(audio, clip, clip.chunks[at - rows[0]!]!);
        const values = await outputs.probabilities(rows, isSilent);
        for (let chunk = 0; chunk < rows.length; chunk++)
          for (let c = 0; c < classes; c++)
            if (map[c]! >= 0)
              scores[(firstClip + index) * classes + c]! +=
                values[chunk * own + map[c]!]! / rows.length;
        row += rows.length;
      }
    } finally {
      outputs.close();
    }
    firstClip += corpus.clips.length;
    onShard(shard + 1);
  }
  return { scores, missing: missingClasses(map) };
}

function shardOf(split: CorpusClips, shard: number): CorpusClips {
  const { vocabulary, contentSha256, audioShards } = split;
  const clips = split.clips.filter((clip) => clip.shard === shard);
  return { vocabulary, contentSha256, clips, audioShards: [audioShards[shard]!] };
}
