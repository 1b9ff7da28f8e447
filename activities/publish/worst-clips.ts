/**
 * The clips that a student is most wrong about, with its answer, the right one, and a few seconds
 * of audio: the fastest way to find out whether the student, its teachers or the labels are wrong.
 */
import { encodeWav } from '../../ced/audio/wav-file';
import { sampleRate } from '../../ced/audio/mono16k';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { Store } from '../../storage/store';
import type { Split } from '../../workflows/contract/models';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';
import type { NamedProbability, WorstClip } from '../../report/worst-clip';

const CLIPS = 10;
const TAGS = 3;
/** Ten clips of five seconds are 2 MB in base64: a report that can still be sent around. */
const EXCERPT_SECONDS = 5;
/** A probability of 0 would make every clip with one miss infinitely wrong. */
const LEAST = 1e-7;

/** Reads the beginning of a clip: int16 at 16 kHz. */
export type ExcerptReader = (clip: CorpusClip) => Promise<Int16Array>;

/**
 * @param scores [clips, classes] of the student;
 * @param targets [clips, classes]: labels, or the ensemble's probabilities
 */
export async function worstClips(
  { clips, vocabulary }: CorpusClips,
  excerptOf: ExcerptReader,
  scores: Float32Array,
  targets: ArrayLike<number>,
  { labelled, ensemble }: { labelled: boolean; ensemble: Float32Array | null },
): Promise<WorstClip[]> {
  const classes = vocabulary.length;
  const wrongness = clips.map((_, row) => divergence(scores, targets, row * classes, classes));
  const order = clips
    .map((_, row) => row)
    .sort((a, b) => (wrongness[b] ?? 0) - (wrongness[a] ?? 0) || a - b);
  const nameOf = (index: number): string => vocabulary[index]?.name ?? String(index);
  const worst: WorstClip[] = [];
  for (const row of order.slice(0, CLIPS)) {
    const clip = clips[row]!;
    const own = scores.subarray(row * classes, (row + 1) * classes);
    worst.push({
      clip: clip.clip,
      wrongness: wrongness[row] ?? 0,
      labels: labelled
        ? (clip.labels ?? []).map((label) => ({
            name: nameOf(label),
            probability: own[label] ?? 0,
          }))
        : null,
      student: topTags(own, nameOf),
      ensemble: ensemble
        ? topTags(ensemble.subarray(row * classes, (row + 1) * classes), nameOf)
        : [],
      seconds: clip.chunks.reduce((sum, { length }) => sum + length, 0) / sampleRate,
      wav: encodeWav(await excerptOf(clip)).toString('base64'),
    });
  }
  return worst;
}

function divergence(
  scores: Float32Array,
  targets: ArrayLike<number>,
  from: number,
  classes: number,
): number {
  let sum = 0;
  const log = (value: number): number => Math.log(Math.max(value, LEAST));
  for (let index = from; index < from + classes; index++) {
    const [p, t] = [scores[index] ?? 0, targets[index] ?? 0];
    sum -= t * (log(p) - log(t)) + (1 - t) * (log(1 - p) - log(1 - t));
  }
  return sum;
}

function topTags(
  probabilities: Float32Array,
  nameOf: (index: number) => string,
): NamedProbability[] {
  return [...probabilities.keys()]
    .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0) || a - b)
    .slice(0, TAGS)
    .map((index) => ({ name: nameOf(index), probability: probabilities[index] ?? 0 }));
}

/** Opens only the shard that holds the clip. */
export async function readExcerpt(
  store: Store,
  planKey: string,
  split: Split,
  { clip, shard }: CorpusClip,
): Promise<Int16Array> {
  const audio = await CorpusAudio.open(store, planKey, split, { only: shard });
  try {
    const own = audio.clips.find((each) => each.clip === clip);
    if (!own) throw new Error(`${clip} is not in shard ${shard} of ${split}`);
    await audio.ready([own]);
    return beginningOf(audio, own);
  } finally {
    await audio.close();
  }
}

function beginningOf(audio: CorpusAudio, clip: CorpusClip): Int16Array {
  const chunked = clip.chunks.reduce((sum, { length }) => sum + length, 0);
  const samples = new Int16Array(Math.min(chunked, EXCERPT_SECONDS * sampleRate));
  for (let at = 0, index = 0; at < samples.length; index++) {
    const chunk = clip.chunks[index];
    if (!chunk) break;
    const length = Math.min(chunk.length, samples.length - at);
    audio.read(clip, { start: chunk.start, length }, samples, at);
    at += length;
  }
  return samples;
}
